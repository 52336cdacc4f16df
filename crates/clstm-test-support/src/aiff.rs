//! AIFF.

/// A mono file of 16-bit samples at `rate` in Hz.
#[must_use]
pub fn aiff(samples: &[i16], rate: u32) -> Vec<u8> {
    // The rate as an 80-bit float: an integer with its highest bit set, and the exponent.
    let shift = rate.leading_zeros();
    let exponent = (16_383 + 31 - shift) as u16;
    let mantissa = u64::from(rate << shift) << 32;
    let mut common = [&1_u16.to_be_bytes()[..], &(samples.len() as u32).to_be_bytes()].concat();
    common.extend(16_u16.to_be_bytes());
    common.extend(exponent.to_be_bytes());
    common.extend(mantissa.to_be_bytes());
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_be_bytes(), content].concat()
    };
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let sound = [&[0; 8][..], &data].concat();
    let content = [b"AIFF".to_vec(), chunk(b"COMM", &common), chunk(b"SSND", &sound)].concat();
    chunk(b"FORM", &content)
}
