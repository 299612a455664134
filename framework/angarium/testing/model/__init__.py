"""The contract in plain Python: stores in memory, for comparison and for tests of other code.

Nothing here is fast or survives its process. Drivers with the same ``uri`` share one store.
"""

from angarium.testing.model.control import ModelControlDriver
from angarium.testing.model.data import ModelDataDriver

__all__ = ["ModelControlDriver", "ModelDataDriver"]
