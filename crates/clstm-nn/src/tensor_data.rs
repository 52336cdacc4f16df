//! Values out of tensors.

use burn::tensor::{Tensor, TensorData};

/// The tensor's values, without a copy where no other tensor shares them.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    into_floats(tensor.into_data())
}

/// Values that were read from a device, converted where they are not `f32`.
pub(crate) fn into_floats(data: TensorData) -> Vec<f32> {
    match data.as_slice::<f32>() {
        Ok(_) => data.try_into_vec::<f32>().unwrap_or_default(),
        Err(_) => data.iter::<f32>().collect(),
    }
}
