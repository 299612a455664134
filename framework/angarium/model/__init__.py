"""The contract in plain Python: both stores in memory, which others are compared with.

The conformance kit (:mod:`angarium.testing`) does the comparing, and the ``memory`` drivers
are made of it. The kernel knows nothing of it. Drivers with the same ``uri`` share one store, which
ends with its process.
"""

from angarium.model.control import ModelControlDriver
from angarium.model.data import ModelDataDriver

__all__ = ["ModelControlDriver", "ModelDataDriver"]
