"""Tensors as the pickle of a state dict describes them, and the few names that such a pickle may use.

A name that is not listed here is refused, whatever it is: calling it could run anything.
"""

from dataclasses import dataclass

from rnn.archives import shown

STORAGE_TYPES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
}


@dataclass(frozen=True)
class StorageRecord:
    """A storage that a pickle refers to: its key in the container, element type and count.

    Examples
    --------
    >>> StorageRecord(key="0", dtype="float32", count=12).count
    12
    """

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class TensorRecord:
    """A view of a storage as a pickle claims it, not yet checked; counted in elements.

    Examples
    --------
    >>> TensorRecord(StorageRecord("0", "float32", 12), offset=0, shape=(3, 4), strides=(4, 1)).shape
    (3, 4)
    """

    storage: StorageRecord
    offset: int
    shape: tuple
    strides: tuple


@dataclass(frozen=True)
class Global:
    """A name that a pickle may use.

    Examples
    --------
    >>> Global("torch.FloatStorage").name
    'torch.FloatStorage'
    """

    name: str


def find_global(module, name):
    """Return the description of a name that a state dict needs, or refuse it.

    Parameters
    ----------
    module, name : str
        As the pickle gives them.

    Returns
    -------
    Global

    Raises
    ------
    ValueError
        Any other name.

    Examples
    --------
    >>> find_global("os", "system")
    Traceback (most recent call last):
    ValueError: it asks for 'os.system', which a state dict does not need and which could run code; ...
    """
    full_name = f"{module}.{name}"
    if full_name in _MAKERS or full_name in STORAGE_TYPES:
        return Global(full_name)
    advice = "load the file where you trust it and save model.state_dict() instead of the model"
    if module in ("torch", "torch._utils", "torch.storage"):
        advice += ", with plain real tensors only"
    wanted = shown([full_name])
    raise ValueError(
        f"it asks for {wanted}, which a state dict does not need and which could run code; {advice}"
    )


def call(function, arguments):
    """Return what a listed function makes of its arguments; nothing of PyTorch is called.

    Parameters
    ----------
    function : Global
        What the pickle calls.
    arguments : tuple
        With what.

    Returns
    -------
    dict or TensorRecord

    Raises
    ------
    ValueError
        Not a function, or arguments that it does not take.

    Examples
    --------
    >>> call(Global("collections.OrderedDict"), ())
    {}
    """
    if type(function) is not Global or type(arguments) is not tuple:
        raise ValueError("it calls something that is no function")
    if function.name not in _MAKERS:
        raise ValueError(f"it calls {shown([function.name])}")
    return _MAKERS[function.name](arguments)


def find_storage(identity):
    """Return the description of a storage from the tuple by which a pickle refers to it.

    Parameters
    ----------
    identity : tuple
        ("storage", type, key, device, count), and in the old container None: no view of another storage.

    Returns
    -------
    StorageRecord

    Raises
    ------
    ValueError
        Anything else.

    Examples
    --------
    >>> find_storage(("storage", Global("torch.FloatStorage"), "0", "cuda:0", 12))
    StorageRecord(key='0', dtype='float32', count=12)
    """
    kinds = (str, Global, str, str, int)
    if type(identity) is not tuple or tuple(type(part) for part in identity[:5]) != kinds:
        raise ValueError("it refers to an object that is no storage")
    tag, storage, key, _device, count = identity[:5]
    if tag != "storage" or storage.name not in STORAGE_TYPES or count < 0:
        raise ValueError("it refers to an object that is no storage of numbers")
    if any(part is not None for part in identity[5:]):
        raise ValueError("a storage is a view of another (PyTorch before 0.4); save the file anew")
    return StorageRecord(key, STORAGE_TYPES[storage.name], count)


def _make_dict(arguments):
    # Python 2 passed the items as a list of [key, value].
    pairs = arguments[0] if len(arguments) == 1 else []
    sound = len(arguments) <= 1 and type(pairs) is list
    if not sound or not all(type(pair) in (list, tuple) and len(pair) == 2 for pair in pairs):
        raise ValueError("an OrderedDict is made of something that is no list of pairs")
    return fill({}, pairs)


def _make_tensor(arguments):
    storage, offset, shape, strides = arguments[:4] if len(arguments) in (6, 7) else (None,) * 4
    sound = type(storage) is StorageRecord and type(shape) is tuple and type(strides) is tuple
    if not sound or not all(type(number) is int for number in (offset, *shape, *strides)):
        raise ValueError("a tensor is not described by storage, offset, shape and strides")
    return TensorRecord(storage, offset, shape, strides)


def _make_parameter(arguments):
    if len(arguments) != 3 or type(arguments[0]) is not TensorRecord:
        raise ValueError("a parameter is no tensor")
    return arguments[0]


def fill(target, pairs):
    """Put pairs into a dict whose keys may be text and small numbers only, and return it.

    Hashing a deep tuple would recurse until the interpreter dies, and large numbers can be chosen to have
    one hash.

    Examples
    --------
    >>> fill({}, [("a", 1)])
    {'a': 1}
    """
    for key, value in pairs:
        if type(key) is not str and (type(key) is not int or key.bit_length() > 31):
            raise ValueError(f"a key of type {type(key).__name__} is out of place")
        target[key] = value
    return target


_MAKERS = {
    "collections.OrderedDict": _make_dict,
    "torch._utils._rebuild_tensor_v2": _make_tensor,
    "torch._utils._rebuild_parameter": _make_parameter,
}
