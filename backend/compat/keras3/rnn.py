"""Recurrent layers."""


def cudnn_ok(*args, **kwargs):
    return False


def rnn(*args, **kwargs):
    raise NotImplementedError


def lstm(*args, **kwargs):
    raise NotImplementedError


def gru(*args, **kwargs):
    raise NotImplementedError


def bidirectional_lstm(*args, **kwargs):
    raise NotImplementedError


def bidirectional_gru(*args, **kwargs):
    raise NotImplementedError
