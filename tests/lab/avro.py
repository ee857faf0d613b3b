# SPDX-License-Identifier: Apache-2.0
"""Avro's single-object encoding, driven by the .avsc files: the checker's own eyes.

Each schema is turned into the source of a Python function, compiled once: about ten times as fast as python3-avro. It
shares no code with core/wire and must never do so; selftest.py compares it with python3-avro.
"""
import json
import struct
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "avro"
MAGIC = b"\xc3\x01"
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class AvroError(ValueError):
    """The bytes are not what the schema says."""


# ---- the fingerprint: CRC-64-AVRO of the Parsing Canonical Form, as in the Avro specification

EMPTY = 0xC15D213AA4D7A795
TABLE = []
for _i in range(256):
    _fp = _i
    for _ in range(8):
        _fp = (_fp >> 1) ^ (EMPTY & -(_fp & 1))
    TABLE.append(_fp)


def crc64(data):
    fp = EMPTY
    for byte in data:
        fp = (fp >> 8) ^ TABLE[(fp ^ byte) & 0xFF]
    return fp


def full_name(schema, space):
    name = schema["name"]
    if "." in name:
        return name
    space = schema.get("namespace", space)
    return f"{space}.{name}" if space else name


def canonical(schema, space=None):
    """The Parsing Canonical Form of a schema."""
    quote = lambda text: json.dumps(text, ensure_ascii=False)
    if isinstance(schema, str):
        return quote(schema if schema in PRIMITIVES or "." in schema or not space else f"{space}.{schema}")
    if isinstance(schema, list):
        return "[" + ",".join(canonical(s, space) for s in schema) + "]"
    kind = schema["type"]
    if kind in PRIMITIVES:
        return quote(kind)
    if not isinstance(kind, str):
        return canonical(kind, space)
    if kind == "array":
        return '{"type":"array","items":' + canonical(schema["items"], space) + "}"
    if kind == "map":
        return '{"type":"map","values":' + canonical(schema["values"], space) + "}"
    name = full_name(schema, space)
    inner = name.rpartition(".")[0] or None
    head = '{"name":' + quote(name) + ',"type":' + quote(kind)
    if kind in ("record", "error"):
        fields = ('{"name":' + quote(f["name"]) + ',"type":' + canonical(f["type"], inner) + "}"
                  for f in schema["fields"])
        return head + ',"fields":[' + ",".join(fields) + "]}"
    if kind == "enum":
        return head + ',"symbols":[' + ",".join(map(quote, schema["symbols"])) + "]}"
    if kind == "fixed":
        return head + ',"size":' + str(int(schema["size"])) + "}"
    raise AvroError(f"there is no Avro type {kind!r}")


def fingerprint(schema):
    return crc64(canonical(schema).encode())


# ---- compiling a schema

def varint(b, p, n):
    """The rest of a number whose first byte, n, says that it goes on."""
    n &= 0x7F
    shift = 7
    while True:
        byte = b[p]
        p += 1
        n |= (byte & 0x7F) << shift
        if byte < 0x80:
            return n, p
        shift += 7
        if shift > 63:
            raise AvroError("a number longer than 10 bytes")


def put_long(n):
    """The bytes of a number."""
    n = (n << 1) ^ (n >> 63)
    out = bytearray()
    while n > 0x7F:
        out.append((n & 0x7F) | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


SMALL = [put_long(n) for n in range(-64, 64)]
SMALL = SMALL[64:] + SMALL[:64]  # SMALL[n] for n in -64 .. 63, negative ones as Python counts from the end


def put_text(text):
    data = text.encode()
    return put_long(len(data)) + data


class Compiler:
    """Writes the source of decoders and encoders; one function a named type, so that types may refer to themselves."""

    def __init__(self):
        self.names, self.lines, self.n = {}, [], 0
        self.env = {"varint": varint, "put_long": put_long, "put_text": put_text, "pack": struct.pack,
                    "unpack": struct.unpack_from, "AvroError": AvroError, "SMALL": SMALL}

    def fresh(self, stem):
        self.n += 1
        return f"{stem}{self.n}"

    def constant(self, value):
        name = self.fresh("K")
        self.env[name] = value
        return name

    def out(self, depth, *lines):
        self.lines += ["    " * depth + line for line in lines]

    def compile(self):
        exec(compile("\n".join(self.lines), "<avro>", "exec"), self.env)  # our own source, from our own schemas

    # reading: code that leaves the value in `var` and moves p on
    def read_long(self, d, var):
        self.out(d, f"{var} = b[p]; p += 1",
                 f"if {var} > 0x7f: {var}, p = varint(b, p, {var})",
                 f"{var} = ({var} >> 1) ^ -({var} & 1)")

    def read(self, schema, space, d, var):
        if isinstance(schema, list):
            index = self.fresh("u")
            self.read_long(d, index)
            for i, branch in enumerate(schema):
                self.out(d, f"{'if' if i == 0 else 'elif'} {index} == {i}:")
                self.read(branch, space, d + 1, var)
            self.out(d, f"else: raise AvroError('no branch %d' % {index})")
            return
        if isinstance(schema, dict) and not isinstance(schema["type"], str):
            return self.read(schema["type"], space, d, var)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "null":
            self.out(d, f"{var} = None")
        elif kind == "boolean":
            self.out(d, f"{var} = b[p] != 0; p += 1")
        elif kind in ("int", "long"):
            self.read_long(d, var)
        elif kind == "float":
            self.out(d, f"{var}, = unpack('<f', b, p); p += 4")
        elif kind == "double":
            self.out(d, f"{var}, = unpack('<d', b, p); p += 8")
        elif kind in ("bytes", "string"):
            size = self.fresh("n")
            self.read_long(d, size)
            self.out(d, f"if {size} < 0 or p + {size} > len(b): raise AvroError('a text goes beyond the end')")
            self.out(d, f"{var} = b[p:p + {size}]{'.decode()' if kind == 'string' else ''}; p += {size}")
        elif kind in ("array", "map"):
            count, item, key, size = (self.fresh(s) for s in ("c", "i", "k", "n"))
            self.out(d, f"{var} = {'[]' if kind == 'array' else '{}'}", "while True:")
            self.read_long(d + 1, count)
            self.out(d + 1, f"if {count} == 0: break", f"if {count} < 0:")
            self.out(d + 2, f"{count} = -{count}")
            self.read_long(d + 2, size)
            self.out(d + 1, f"for _ in range({count}):")
            if kind == "array":
                self.read(schema["items"], space, d + 2, item)
                self.out(d + 2, f"{var}.append({item})")
            else:
                self.read("string", space, d + 2, key)
                self.read(schema["values"], space, d + 2, item)
                self.out(d + 2, f"{var}[{key}] = {item}")
        else:
            name = self.named(schema, space)
            self.out(d, f"{var}, p = {name[0]}(b, p)")

    # writing: code that appends the bytes of `var` to the list w
    def write_long(self, d, var):
        self.out(d, f"w(SMALL[{var}] if -65 < {var} < 64 else put_long({var}))")

    def write(self, schema, space, d, var):
        if isinstance(schema, list):
            if len(schema) == 2 and schema[0] == "null":
                self.out(d, f"if {var} is None: w(b'\\0')", "else:")
                self.out(d + 1, "w(b'\\2')")
                return self.write(schema[1], space, d + 1, var)
            raise AvroError("only unions of null and one type are written here")
        if isinstance(schema, dict) and not isinstance(schema["type"], str):
            return self.write(schema["type"], space, d, var)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "null":
            self.out(d, "pass")
        elif kind == "boolean":
            self.out(d, f"w(b'\\1' if {var} else b'\\0')")
        elif kind in ("int", "long"):
            self.write_long(d, var)
        elif kind == "float":
            self.out(d, f"w(pack('<f', {var}))")
        elif kind == "double":
            self.out(d, f"w(pack('<d', {var}))")
        elif kind == "string":
            self.out(d, f"w(put_text({var}))")
        elif kind == "bytes":
            self.out(d, f"w(put_long(len({var}))); w({var})")
        elif kind in ("array", "map"):
            item, key = self.fresh("i"), self.fresh("k")
            self.out(d, f"if {var}:")
            self.out(d + 1, f"w(put_long(len({var})))")
            if kind == "array":
                self.out(d + 1, f"for {item} in {var}:")
                self.write(schema["items"], space, d + 2, item)
            else:
                self.out(d + 1, f"for {key}, {item} in {var}.items():", f"    w(put_text({key}))")
                self.write(schema["values"], space, d + 2, item)
            self.out(d, "w(b'\\0')")
        else:
            name = self.named(schema, space)
            self.out(d, f"{name[1]}({var}, w)")

    def named(self, schema, space):
        """The names of the two functions of a record, enum or fixed type."""
        if isinstance(schema, str):
            key = schema if "." in schema or not space else f"{space}.{schema}"
            if key not in self.names:
                raise AvroError(f"the type {key} is not defined before it is used")
            return self.names[key]
        key = full_name(schema, space)
        if key in self.names:
            return self.names[key]
        names = self.names[key] = (self.fresh("decode"), self.fresh("encode"))
        outer, self.lines = self.lines, []
        self.define(schema, key.rpartition(".")[0] or None, *names)
        self.lines = self.lines + outer
        return names

    def define(self, schema, space, decode, encode):
        kind = schema["type"]
        if kind == "enum":
            symbols = self.constant(tuple(schema["symbols"]))
            numbers = self.constant({s: put_long(i) for i, s in enumerate(schema["symbols"])})
            self.out(0, f"def {decode}(b, p):")
            self.read_long(1, "n")
            self.out(1, f"return {symbols}[n], p")
            self.out(0, f"def {encode}(v, w): w({numbers}[v])")
            return
        if kind == "fixed":
            self.out(0, f"def {decode}(b, p): return b[p:p + {schema['size']}], p + {schema['size']}")
            self.out(0, f"def {encode}(v, w): w(v)")
            return
        if kind != "record":
            raise AvroError(f"there is no Avro type {kind!r}")
        before, self.lines = self.lines, []
        self.out(0, f"def {decode}(b, p):")
        for i, field in enumerate(schema["fields"]):
            self.read(field["type"], space, 1, f"f{i}")
        pairs = ", ".join(f"{f['name']!r}: f{i}" for i, f in enumerate(schema["fields"]))
        self.out(1, f"return {{{pairs}}}, p")
        self.out(0, f"def {encode}(v, w):", "    g = v.get")
        for i, field in enumerate(schema["fields"]):
            initial = self.constant(field.get("default"))
            self.out(1, f"f{i} = g({field['name']!r}, {initial})")
            self.write(field["type"], space, 1, f"f{i}")
        self.out(1, "return None")
        self.lines = before + self.lines


class Schema:
    """One schema: decode(bytes) -> dict, encode(dict) -> bytes, both in single-object encoding."""

    def __init__(self, schema):
        self.schema = schema
        self.name = schema["name"]
        self.fields = [f["name"] for f in schema["fields"]]
        self.head = MAGIC + struct.pack("<Q", fingerprint(schema))
        compiler = Compiler()
        decode, encode = compiler.named(schema, None)
        compiler.compile()
        self._decode, self._encode = compiler.env[decode], compiler.env[encode]

    def decode_body(self, b, p=0):
        try:
            value, p = self._decode(b, p)
        except (IndexError, struct.error, UnicodeDecodeError) as mistake:
            raise AvroError(f"{self.name}: {mistake}") from None
        if p != len(b):
            raise AvroError(f"{self.name}: {len(b) - p} bytes are left over")
        return value

    def encode(self, value):
        parts = [self.head]
        self._encode(value, parts.append)
        return b"".join(parts)


class Schemas:
    """All schemas of schemas/avro and their history, found by the fingerprint that each record carries."""

    def __init__(self, folder=SCHEMAS):
        self.by_name, self.by_head, self.by_id = {}, {}, {}
        for path in sorted(folder.glob("history/*/*.avsc")) + sorted(folder.glob("*.avsc")):
            schema = Schema(json.loads(path.read_text()))
            self.by_name[schema.name] = schema  # the current file comes last
            self.by_head[schema.head] = schema
        if not self.by_name:
            raise AvroError(f"there are no schemas in {folder}")

    def __getitem__(self, name):
        return self.by_name[name]

    def teach(self, number, schema):
        """From now on Confluent's framing with this id of a registry is read; schema: what json.loads gives."""
        self.by_id[number] = Schema(schema)

    def decode(self, data, name=None):
        """The record as a dict. With a name, anything else than that kind of record is an error."""
        if len(data) >= 5 and data[0] == 0 and (writer := self.by_id.get(int.from_bytes(data[1:5], "big"))):
            if name not in (None, writer.name):
                raise AvroError(f"a {writer.name} where a {name} belongs")
            value = writer.decode_body(data, 5)
            reader = self.by_name[writer.name]
            return {field: value.get(field) for field in reader.fields}
        schema = self.by_head.get(data[:10])
        if schema is None:
            raise AvroError(f"bytes {data[:10].hex()} are no head of a schema of ours")
        if name is not None and schema.name != name:
            raise AvroError(f"a {schema.name} where a {name} belongs")
        return schema.decode_body(data, 10)
