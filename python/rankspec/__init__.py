"""One spec for training and serving ranking models."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
