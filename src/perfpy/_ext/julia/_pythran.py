"""The pixel loop compiled by Pythran: Python with a signature in a comment."""

import math

#pythran export julia(float64[:], float64[:], float64, float64, int32, int32[:, :])
def julia(x, y, c_real, c_imag, max_iterations, out):
    for row in range(len(y)):
        for column in range(len(x)):
            real, imag, n = x[column], y[row], 0
            while n < max_iterations and math.hypot(real, imag) < 2.0:
                real, imag = real * real - imag * imag + c_real, real * imag + imag * real + c_imag
                n += 1
            out[row, column] = n
