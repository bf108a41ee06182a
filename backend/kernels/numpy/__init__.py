"""What NumPy can do faster for composites, by their names: the same arithmetic, in memory that is used again."""

from .elementwise import only_where as only_where
from .normalization import standardization as standardization
from .normalization import standardization_gradient as standardization_gradient
from .recurrence import lstm_sequence as lstm_sequence
from .recurrence import lstm_sequence_gradient as lstm_sequence_gradient
