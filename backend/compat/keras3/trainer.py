"""Training."""

from keras.src.trainers import trainer as base_trainer


class NumpyTrainer(base_trainer.Trainer):
    pass
