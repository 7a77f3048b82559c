"""How well a predicted segmentation agrees with the reference: voxels, surfaces, lesions."""
