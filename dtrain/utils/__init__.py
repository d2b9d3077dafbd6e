"""torch.utils' face: its parts are found under their own names, as `dtrain.utils.data`."""
