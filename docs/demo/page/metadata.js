// The metadata of an ONNX file, which ONNX Runtime Web does not give: field 14 of ModelProto, pairs of key and value
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

const METADATA = 14;
const VARINT = 0;
const LENGTH_DELIMITED = 2;

// The fields of a protobuf message that have bytes: their numbers and contents.
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 0x7f) * factor;
      if (!(byte & 0x80)) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === VARINT) {
      varint();
    } else if (kind === LENGTH_DELIMITED) {
      const length = varint();
      yield [tag >>> 3, bytes.subarray(at, at + length)];
      at += length;
    } else {
      throw new Error(`The model file has a field of an unexpected type, ${kind}.`);
    }
  }
}

export function onnxMetadata(bytes) {
  const text = (part) => new TextDecoder().decode(part);
  const entries = [...fields(bytes)].filter(([field]) => field === METADATA).map(([, entry]) => {
    const { 1: name, 2: value } = Object.fromEntries(fields(entry));
    return [text(name), value ? text(value) : ""];
  });
  return Object.fromEntries(entries);
}
