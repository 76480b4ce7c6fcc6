"""Groups of parameters and their learning rates, without the parameters themselves."""
