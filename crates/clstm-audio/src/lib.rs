//! Decoding, resampling, level, segmentation and augmentation of recordings.
