"""Inside torch.compile operations give what they give outside; array-api-compat's result_type may break the graph."""

import pytest

import backend as K

torch = pytest.importorskip("torch")


@pytest.mark.filterwarnings("ignore")  # torch's own remarks on tracing
@pytest.mark.parametrize(("name", "call"), [
    ("softmax", lambda x: K.softmax(K.tanh(x) * 2.0)), ("relu", lambda x: K.relu(x, 0.1, 2.0)),
    ("dense", lambda x: K.dot(x, K.sigmoid(x)[:, :2])), ("conv", lambda x: K.conv1d(x[None], K.ones_like(x)[None])),
    ("loss", lambda x: K.mean(K.square(K.elu(x)))),
    ("crossentropy", lambda x: K.categorical_crossentropy(K.softmax(x), K.softmax(x * 2.0)))])
def test_compiled_by_torch(name, call):
    x = torch.linspace(-2.0, 2.0, 16).reshape(4, 4)
    wanted = call(x)
    torch._dynamo.reset()
    compiled = torch.compile(call, backend="eager")
    torch.testing.assert_close(compiled(x), wanted)


@pytest.mark.filterwarnings("ignore")  # torch's own remarks on tracing
def test_one_graph_where_compat_makes_no_break():
    x = torch.linspace(-2.0, 2.0, 16).reshape(4, 4)
    wanted = K.softmax(K.tanh(x) * 2.0)  # a first call, which meets the library and its kernels
    torch._dynamo.reset()
    compiled = torch.compile(lambda x: K.softmax(K.tanh(x) * 2.0), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), wanted)
