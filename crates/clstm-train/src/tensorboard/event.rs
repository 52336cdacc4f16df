//! The `Event` message of TensorFlow's `event.proto` and `summary.proto`, those fields of it that scalars
//! take, in the wire format of protocol buffers (<https://protobuf.dev/programming-guides/encoding/>).

/// What a file begins with: the version of its format.
pub(super) fn version(time: f64) -> Vec<u8> {
    let mut event = Message::event(time, 0);
    event.bytes(3, b"brain.Event:2"); // file_version
    event.0
}

/// A (re)start of the training: a reader discards the values of earlier files for `step` and later ones.
pub(super) fn session_start(time: f64, step: u64) -> Vec<u8> {
    let mut log = Message::default();
    log.varint(1, 1); // status: START
    let mut event = Message::event(time, step);
    event.bytes(7, &log.0); // session_log
    event.0
}

/// A value of a tag at a step.
pub(super) fn scalar(time: f64, step: u64, tag: &str, scalar: f32) -> Vec<u8> {
    let mut value = Message::default();
    value.bytes(1, tag.as_bytes()); // tag
    value.fixed_32(2, scalar); // simple_value
    let mut summary = Message::default();
    summary.bytes(1, &value.0); // value
    let mut event = Message::event(time, step);
    event.bytes(5, &summary.0); // summary
    event.0
}

/// A message under way.
#[derive(Default)]
struct Message(Vec<u8>);

/// Wire types.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

impl Message {
    fn event(time: f64, step: u64) -> Self {
        let mut event = Self::default();
        event.key(1, FIXED_64); // wall_time
        event.0.extend_from_slice(&time.to_le_bytes());
        event.varint(2, step); // step
        event
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.number(field << 3 | wire);
    }

    fn varint(&mut self, field: u64, value: u64) {
        self.key(field, VARINT);
        self.number(value);
    }

    fn fixed_32(&mut self, field: u64, value: f32) {
        self.key(field, FIXED_32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, BYTES);
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the least first; the highest bit is set where more follow.
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
