"""The full-size heavy ranker as a plain torch loop, written by hand: what the trainer's speed is measured against."""

from collections.abc import Callable
from itertools import cycle

import torch
from torch import Tensor, nn
from torch.nn import functional

CONTINUOUS, BINARY, EMBEDDING = 2117, 59, 200
NUM_TASKS = 10
BATCH_SIZE = 128


class MaskBlock(nn.Module):
    """A mask block of 1024 outputs over inputs of one width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mask = nn.Sequential(nn.Linear(width, 1024), nn.ReLU(), nn.Linear(1024, width))
        self.hidden = nn.Linear(width, 1024)
        self.norm = nn.LayerNorm(1024)

    def forward(self, inputs: Tensor) -> Tensor:
        """`[B, 1024]` for `[B, width]`."""
        return self.norm(self.hidden(inputs * self.mask(inputs)))


class PlainRanker(nn.Module):
    """The model of configs/recap/local_prod.textproto: 48,115,108 parameters."""

    def __init__(self) -> None:
        super().__init__()
        width = CONTINUOUS + BINARY + 3 * EMBEDDING
        self.batch_norm = nn.BatchNorm1d(CONTINUOUS, momentum=0.01)
        self.layer_norm = nn.LayerNorm(CONTINUOUS + BINARY, eps=0.0)
        self.embedding_norms = nn.ModuleList(nn.LayerNorm(EMBEDDING) for _ in range(3))
        self.blocks = nn.ModuleList(MaskBlock(width) for _ in range(4))
        self.top = nn.Linear(4 * 1024, 2048)
        self.towers = nn.ModuleList(self._tower(dropout) for dropout in (0, 0, 0, 0.1, 0, 0, 0, 0.2, 0, 0))

    @staticmethod
    def _tower(dropout: float) -> nn.Module:
        layers: list[nn.Module] = []
        for before, after in ((2048, 256), (256, 128)):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(after, affine=False), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        return nn.Sequential(*layers, nn.Linear(128, 1))

    def forward(self, continuous: Tensor, binary: Tensor, embeddings: list[Tensor]) -> Tensor:
        """Logits `[B, 10]`."""
        cleaned = torch.nan_to_num(continuous, nan=0.0, posinf=0.0, neginf=0.0)
        scaled = self.batch_norm(torch.sign(cleaned) * torch.log1p(cleaned.abs())).clamp(-5, 5)
        dense = self.layer_norm(torch.cat([scaled, binary.float()], 1))
        normed = [norm(values) for norm, values in zip(self.embedding_norms, embeddings, strict=True)]
        inputs = torch.cat([dense, *normed], 1)
        shared = functional.relu(self.top(torch.cat([block(inputs) for block in self.blocks], 1)))
        return torch.cat([tower(shared) for tower in self.towers], 1)


def random_batches(count: int) -> list[tuple[Tensor, Tensor, list[Tensor], Tensor]]:
    """Batches of the production widths, in memory."""
    generator = torch.Generator().manual_seed(0)

    def normal(width: int) -> Tensor:
        return torch.randn(BATCH_SIZE, width, generator=generator)

    return [
        (
            normal(CONTINUOUS),
            torch.randint(0, 2, (BATCH_SIZE, BINARY), generator=generator),
            [normal(EMBEDDING) for _ in range(3)],
            torch.randint(0, 2, (BATCH_SIZE, NUM_TASKS), generator=generator).float(),
        )
        for _ in range(count)
    ]


def plain_steps(*, fused: bool, bfloat16: bool) -> Callable[[], None]:
    """What does one training step of the plain model each time it is called.

    Args:
        fused: whether Adam steps in one kernel.
        bfloat16: whether the forward pass runs under autocast.
    """
    torch.manual_seed(0)
    model = PlainRanker()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.95, 0.999), eps=1e-7, fused=fused)
    batches = cycle(random_batches(4))

    def step() -> None:
        continuous, binary, embeddings, labels = next(batches)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            logits = model(continuous, binary, embeddings)
            loss = functional.binary_cross_entropy_with_logits(logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
