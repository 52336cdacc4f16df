//! The public side of the buffer pool. Other tests use the same pool at the same time.

use clstm_kernels::{Buffer, buffer};

#[test]
fn buffers_of_any_length_hold_what_was_written() {
    for len in [0, 1, 15, 16, 17, 1000] {
        let mut buffer: Buffer = Buffer::recycled(len);
        assert_eq!(buffer.len(), len);
        buffer.fill(3.5);
        assert!(buffer.iter().all(|x| *x == 3.5));
        drop(buffer);
        assert!(Buffer::<f32>::zeros(len).iter().all(|x| *x == 0.0));
    }
}

#[test]
fn releasing_the_pool_leaves_buffers_in_use_alone() {
    let mut buffer: Buffer = Buffer::zeros(300);
    buffer.fill(1.0);
    buffer::release();
    assert!(buffer.iter().all(|x| *x == 1.0));
    assert_eq!(buffer::limit(), buffer::DEFAULT_LIMIT);
}
