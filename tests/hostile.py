"""Files made byte by byte: PyTorch containers without PyTorch, and files that try to do harm.

The formats are public: pickle protocol 2, PyTorch's old container (a row of pickles, then raw storages) and
its zip container (data.pkl, data/KEY, byteorder, version).
"""

import io
import struct
import zipfile

import numpy as np

STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
MAGIC = 0x1950A86A20F9469CFC6C


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def numbers(values):
    return b"(" + b"".join(number(value) for value in values) + b"t"


def program(body):
    return b"\x80\x02" + body + b"."


def storage(key, kind, count, device="cpu", end=b""):
    return (
        b"(" + text("storage") + named("torch", kind) + text(key) + text(device) + number(count) + end + b"tQ"
    )


def tensor(stored, offset, shape, strides):
    parts = stored + number(offset) + numbers(shape) + numbers(strides) + b"\x89"
    return named("torch._utils", "_rebuild_tensor_v2") + b"(" + parts + EMPTY_ORDERED + b"tR"


def parameter(made):
    return named("torch._utils", "_rebuild_parameter") + b"(" + made + b"\x88" + EMPTY_ORDERED + b"tR"


EMPTY_ORDERED = named("collections", "OrderedDict") + b")R"


def ordered(items):
    """An OrderedDict as modules write it, with the attribute `_metadata`."""
    filled = EMPTY_ORDERED + b"(" + b"".join(text(name) + value for name, value in items.items()) + b"u"
    return filled + b"}" + text("_metadata") + EMPTY_ORDERED + b"sb"


def state_dict(arrays, device="cpu", kinds=None, end=b""):
    """The pickle's body and the storages of a state dict of contiguous tensors."""
    items, storages = {}, {}
    for key, (name, array) in enumerate(arrays.items()):
        array = np.asarray(array)
        kind = (kinds or {}).get(name) or STORAGES[array.dtype.newbyteorder("=").name]
        strides = [int(np.prod(array.shape[axis + 1 :], dtype=int)) for axis in range(array.ndim)]
        items[name] = tensor(storage(str(key), kind, array.size, device, end), 0, array.shape, strides)
        storages[str(key)] = (array.size, array.tobytes())
    return ordered(items), storages


def zip_container(body, storages, byteorder=b"little", root="net", pack=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", pack) as archive:
        archive.writestr(f"{root}/data.pkl", program(body))
        if byteorder is not None:
            archive.writestr(f"{root}/byteorder", byteorder)
        for key, (_, raw) in storages.items():
            archive.writestr(f"{root}/data/{key}", raw)
        archive.writestr(f"{root}/version", b"3\n")
    return file.getvalue()


def old_container(body, storages, info=b"}", keys=None):
    keys = keys or b"](" + b"".join(text(key) for key in storages) + b"e"
    pickles = [number(MAGIC), number(1001), info, body, keys]
    raw = b"".join(struct.pack("<q", count) + raw for count, raw in storages.values())
    return b"".join(program(part) for part in pickles) + raw


CONTAINERS = {"old": old_container, "zip": zip_container}


def torch_bytes(arrays, container, **options):
    # The old container's storages end with None: "no view of another storage".
    body, storages = state_dict(arrays, end=b"N" if container == "old" else b"", **options)
    return CONTAINERS[container](body, storages)


def published(units=12, rank=2, inputs=3, outputs=2, seed=0, full=False):
    """Arrays named as in the published state dicts, float32."""
    rng = np.random.default_rng(seed)
    core = {"wrec": (units, units)} if full else {"m": (units, rank), "n": (units, rank)}
    shapes = {
        "wi": (inputs, units),
        "si": (inputs,),
        **core,
        "wo": (units, outputs),
        "so": (outputs,),
        "h0": (units,),
    }
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def run_command(command):
    """Pickled programs that run a shell command, by each of the ways a pickle can call something."""
    module, name, argument = "posix", "system", text(command)
    return {
        "global": named(module, name) + b"(" + argument + b"tR",
        "stack global": text(module) + text(name) + b"\x93(" + argument + b"tR",
        "instance": b"(" + argument + f"i{module}\n{name}\n".encode(),
        "object": b"(" + named(module, name) + argument + b"o",
        "evaluated": named("builtins", "eval") + b"(" + text(f"__import__('os').system({command!r})") + b"tR",
    }


def rezipped(raw, change):
    """The zip archive `raw` with its members, a dict of bytes by name, changed."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, contents in change(members).items():
            archive.writestr(name, contents)
    return file.getvalue()
