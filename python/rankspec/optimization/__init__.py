"""Groups of parameters, their algorithms and learning rates, without the parameters themselves."""
