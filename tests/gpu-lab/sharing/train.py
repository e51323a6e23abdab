"""train.py NET DEVICE FILE: trains until it is ended; the number of steps done is always in FILE."""
import os
import sys

import torch

import nets

name, device, file = sys.argv[1:4]
step = nets.trainer(name, device, torch.bfloat16)
with open(file, "wb", buffering=0) as out:
    for count in range(1, 1 << 62):
        step()
        if device != "cpu":
            torch.cuda.synchronize()
        os.pwrite(out.fileno(), b"%-20d" % count, 0)
