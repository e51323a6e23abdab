"""Random-initialised nets of the sizes that papers share a card with: their kernels are what counts here, not their answers."""
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, cache=None, at=0):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            cache[0][:, :, at:at + length], cache[1][:, :, at:at + length] = k, v
            k, v = cache[0][:, :, :at + length], cache[1][:, :, :at + length]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal and cache is None)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, layers, width, heads, words=30522, causal=False):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.blocks = nn.ModuleList(Block(width, heads, causal) for _ in range(layers))
        self.head = nn.Linear(width, words)
        self.width, self.heads, self.words = width, heads, words

    def forward(self, words, caches=None, at=0):
        x = self.embed(words)
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches else None, at)
        return self.head(x)


class Bottleneck(nn.Module):
    def __init__(self, inner, width, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width))
        self.skip = nn.Identity() if inner == 4 * width else nn.Sequential(nn.Conv2d(inner, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


def resnet50():
    layers, inner = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(count):
            layers.append(Bottleneck(inner, width, stride if i == 0 else 1))
            inner = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def on(device, kind, make):
    """Made where it will run: billions of random numbers take a minute on a CPU."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        with torch.device(device):
            return make()
    finally:
        torch.set_default_dtype(before)


DECODERS = {"llm-7b": (32, 4096, 32), "tiny": (2, 128, 4)}  # layers, width, heads


def decoder(name, device, kind):
    """A function of (words, place) -> scores, with a cache of its own for 512 words."""
    layers, width, heads = DECODERS[name]
    net = on(device, kind, lambda: Transformer(layers, width, heads, 32000, causal=True)).eval()
    caches = [tuple(torch.zeros(1, heads, 512, width // heads, device=device, dtype=kind) for _ in range(2)) for _ in range(layers)]
    return lambda words, at: net(words, caches, at)


def answerer(name, device, kind):
    """A function that computes one request, whole."""
    if name == "bert-large":
        net = on(device, kind, lambda: Transformer(24, 1024, 16)).eval()
        words = torch.randint(net.words, (1, 128), device=device)
        return lambda: net(words)
    tokens, token = {"llm-7b": 64, "tiny": 8}[name], decoder(name, device, kind)

    def decode():
        word, at = torch.randint(32000, (1, 32), device=device), 0
        for _ in range(tokens):
            scores = token(word, at)
            at += word.shape[1]
            word = scores[:, -1:].argmax(-1)
    return decode


def trainer(name, device, kind):
    """A function that does one step."""
    if name == "resnet50-b128":
        make, data = resnet50, (torch.randn(128, 3, 224, 224), torch.randint(1000, (128,)))
    else:
        layers, width, heads, batch, length, causal = {
            "bert-b32": (12, 768, 12, 32, 128, False), "gpt2-large-b1": (36, 1280, 20, 1, 1024, True), "tiny-b4": (2, 128, 4, 4, 64, False)}[name]
        make = lambda: Transformer(layers, width, heads, causal=causal)  # noqa: E731
        data = (torch.randint(30522, (batch, length)), torch.randint(30522, (batch, length)))
    net, data = on(device, torch.float32, make), [part.to(device) for part in data]
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-5)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(torch.device(device).type, kind):
            scores = net(data[0])
        F.cross_entropy(scores.flatten(0, -2).float(), data[1].flatten()).backward()
        optimizer.step()
    return step
