"""What the predictions of teacher and student on a dev set say: scores with intervals, errors, calibration; and GLUE's submissions."""
