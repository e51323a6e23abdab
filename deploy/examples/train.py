"""A small training run to stand beside model servers: keeps the card busy, holds a few GiB, and can be ended at any time without losing more than a minute."""
import os
import signal
import time

import torch

CHECKPOINT = "/checkpoints/last.pt"
EVERY = 60.0  # seconds from checkpoint to checkpoint

device = torch.device("cuda")
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4096, 16384), torch.nn.GELU(), torch.nn.Linear(16384, 4096)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
step = 0
if os.path.exists(CHECKPOINT):
    kept = torch.load(CHECKPOINT, map_location=device)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    step = kept["step"]
    print(f"goes on at step {step}", flush=True)

ending = False


def end(signum, frame):
    global ending
    ending = True


# Headroom's stop, and Docker's: write what there is, and go.
signal.signal(signal.SIGTERM, end)


def save():
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, CHECKPOINT + ".new")
    os.replace(CHECKPOINT + ".new", CHECKPOINT)


saved = time.monotonic()
while not ending:
    batch = torch.randn(512, 4096, device=device)
    loss = torch.nn.functional.mse_loss(model(batch), batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    step += 1
    if time.monotonic() - saved > EVERY:
        save()
        saved = time.monotonic()
        print(f"step {step}: loss {loss.item():.5f}", flush=True)
save()
print(f"ended at step {step}", flush=True)
