"""%Net.Remote.Gateway: the driver's own calls, which no program makes."""

from __future__ import annotations

from iris_devtools.standin.globals.subscripts import encode_subscript
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.values import ByRef, ObjectRef

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


@GATEWAY.class_method("%SubscriptSortOrder")
def _subscript_sort_order(_call: Call, _global_name: str, first: ByRef, second: ByRef = NOWHERE) -> int:
    """Compare two subscripts as a global orders them, for slices of a node: 1 when the second one follows.

    Both become what they are as subscripts. The client asks with one of them alone just for that.
    """
    texts = [_subscript(first), _subscript(second)]
    if not all(texts):
        return 0
    one, other = map(encode_subscript, texts)
    return (one < other) - (one > other)


def _subscript(reference: ByRef) -> str:
    text = reference.value = to_text(reference.value)
    return text
