"""Optimizers, formula by formula; each turns gradients into updates of a graph."""

from .adam import Adam as Adam
from .adam import Adamax as Adamax
from .adam import Nadam as Nadam
from .adaptive import Adadelta as Adadelta
from .adaptive import Adagrad as Adagrad
from .adaptive import RMSprop as RMSprop
from .optimizer import Optimizer as Optimizer
from .sgd import SGD as SGD

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "Optimizer", "RMSprop"]
