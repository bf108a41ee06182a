"""Small neural networks with Keras's interface, written with the functions of K alone."""

from .initializers import INITIALIZERS as INITIALIZERS
from .layer import Input as Input
from .layer import Layer as Layer
from .layers import Activation as Activation
from .layers import Add as Add
from .layers import AveragePooling2D as AveragePooling2D
from .layers import BatchNormalization as BatchNormalization
from .layers import Concatenate as Concatenate
from .layers import Conv2D as Conv2D
from .layers import Dense as Dense
from .layers import Dropout as Dropout
from .layers import Flatten as Flatten
from .layers import GlobalAveragePooling2D as GlobalAveragePooling2D
from .layers import Lambda as Lambda
from .layers import MaxPooling2D as MaxPooling2D
from .layers import Multiply as Multiply
from .layers import Reshape as Reshape
from .progress import Callback as Callback
from .progress import History as History
from .recurrent import LSTM as LSTM
from .recurrent import Embedding as Embedding
from .sequential import Sequential as Sequential
from .training import Model as Model
