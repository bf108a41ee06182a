"""Inside torch.compile operations give what they give outside, in one graph."""

import pytest

import backend as K

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")


@pytest.mark.filterwarnings("ignore")  # torch's own remarks on tracing
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=name)
        for name, call in [
            ("softmax", lambda x: K.softmax(K.tanh(x) * 2.0)),
            ("relu", lambda x: K.relu(x, 0.1, 2.0)),
            ("dense", lambda x: K.dot(x, K.sigmoid(x)[:, :2])),
            ("conv", lambda x: K.conv1d(x[None], K.ones_like(x)[None])),
            ("loss", lambda x: K.mean(K.square(K.elu(x)))),
            ("bounds", lambda x: K.maximum(x, 0.5) * K.minimum(0.5, x) + K.clip(x, -1.0, 1.0)),
            ("logsumexp", lambda x: K.logsumexp(x, axis=1)),
            ("shapes", lambda x: K.concatenate([K.reshape(x, (2, 8))] * 2)),
            ("crossentropy", lambda x: K.categorical_crossentropy(K.softmax(x), K.softmax(x * 2.0))),
        ]
    ],
)
def test_compiled_by_torch(call):
    x = torch.linspace(-2.0, 2.0, 16).reshape(4, 4)
    wanted = call(x)  # a first call, which meets the library and its kernels
    torch._dynamo.reset()
    compiled = torch.compile(call, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), wanted)
