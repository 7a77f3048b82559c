"""What is measured of each case on its way to the study's grid, judged, and shown on its sheet."""
