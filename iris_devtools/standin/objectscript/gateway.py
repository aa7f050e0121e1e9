"""%Net.Remote.Gateway: the driver's own calls, which no program makes."""

from __future__ import annotations

from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.values import ObjectRef

__all__ = ["CLASSES"]

GATEWAY = ClassDefinition("%Net.Remote.Gateway")
CLASSES = (GATEWAY,)


@GATEWAY.class_method("%ReleaseObjects")
def _release_objects(call: Call, handles: str) -> int:
    """Forget objects that the client has let go.

    The driver counts what its program drops, and before the first native call after a hundred of them sends
    their numbers as ``,1,2,3``. When that call fails, so does every later one, because it is made again (seen
    with driver 5.3.2).
    """
    for handle in handles.split(","):
        if handle.isdigit():
            call.space.close(ObjectRef(int(handle), ""))
    return 1
