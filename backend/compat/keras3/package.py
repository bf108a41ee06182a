"""What Keras imports as a backend: the modules of functions, and the names it expects beside them."""

from keras.src.backend.common.name_scope import name_scope as name_scope

from . import core as core
from . import image as image
from . import linalg as linalg
from . import math as math
from . import nn as nn
from . import numpy as numpy
from . import random as random
from .core import IS_THREAD_SAFE as IS_THREAD_SAFE
from .core import SUPPORTS_COMPLEX_DTYPES as SUPPORTS_COMPLEX_DTYPES
from .core import SUPPORTS_RAGGED_TENSORS as SUPPORTS_RAGGED_TENSORS
from .core import SUPPORTS_SPARSE_TENSORS as SUPPORTS_SPARSE_TENSORS
from .core import Variable as Variable
from .core import cast as cast
from .core import compute_output_spec as compute_output_spec
from .core import cond as cond
from .core import convert_to_numpy as convert_to_numpy
from .core import convert_to_tensor as convert_to_tensor
from .core import device_scope as device_scope
from .core import is_tensor as is_tensor
from .core import random_seed_dtype as random_seed_dtype
from .core import shape as shape
from .core import vectorized_map as vectorized_map
from .rnn import bidirectional_gru as bidirectional_gru
from .rnn import bidirectional_lstm as bidirectional_lstm
from .rnn import cudnn_ok as cudnn_ok
from .rnn import gru as gru
from .rnn import lstm as lstm
from .rnn import rnn as rnn
from .signatures import without_annotations as _without_annotations

_without_annotations(core, image, linalg, math, nn, numpy, random)
