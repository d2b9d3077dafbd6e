"""Train a small ConvNet on 8x8 images of handwritten digits, alone or on many ranks.

`python digits.py`, `mpirun -n 4 python digits.py`, or
`dtrain-launch --nproc 4 digits.py --checkpoint-dir runs/digits --resume`.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import dtrain as torch
import dtrain.distributed as dist
from dtrain import nn
from dtrain.nn.parallel import DistributedDataParallel
from dtrain.utils.data import DataLoader, Subset, TensorDataset
from dtrain.utils.data.distributed import DistributedSampler


def load_digits() -> tuple[Subset, Subset]:
    """Return the images to train on, and every fifth image to test on."""
    data = np.load(Path(__file__).with_name("digits.npz"))
    images = torch.from_numpy(data["images"]).float().unsqueeze(1) / 16
    digits = TensorDataset(images, torch.from_numpy(data["labels"]).long())
    train_indices = [i for i in range(len(digits)) if i % 5]
    return Subset(digits, train_indices), Subset(digits, range(0, len(digits), 5))


def train(model: nn.Module, loader: DataLoader, optimizer: torch.optim.SGD, epoch: int) -> float:
    """Train for one epoch and return the mean loss over all ranks."""
    batches = loader
    if dist.get_rank() == 0 and sys.stdout.isatty():
        from rich.progress import track

        batches = track(loader, f"epoch {epoch}", total=len(loader), transient=True)
    model.train()
    total = torch.zeros(())
    for images, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.detach()
    dist.all_reduce(total, dist.ReduceOp.AVG)
    return total.item() / len(loader)


@torch.no_grad()
def evaluate(model: nn.Module, test_set: Subset) -> float:
    """Return the share of images that are recognised; one rank sees each of them, once."""
    model.eval()
    mine = Subset(test_set, range(dist.get_rank(), len(test_set), dist.get_world_size()))
    correct = torch.zeros((), dtype=torch.int64)
    for images, labels in DataLoader(mine, batch_size=120):
        correct += (model(images).argmax(1) == labels).sum()
    dist.all_reduce(correct)
    return correct.item() / len(test_set)


def main() -> None:
    """Train, and say after each epoch how well it goes."""
    parser = argparse.ArgumentParser(description="Train a ConvNet on images of digits.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64, help="of all ranks together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint-dir", type=Path, help="save a checkpoint after each epoch")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    args = parser.parse_args()
    dist.init_process_group()
    torch.manual_seed(args.seed)
    train_set, test_set = load_digits()
    sampler = DistributedSampler(train_set, seed=args.seed)
    batch_size = args.batch_size // dist.get_world_size()
    loader = DataLoader(train_set, batch_size, sampler=sampler, drop_last=True)
    model = DistributedDataParallel(nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10),
    ))  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    done, folder = 0, args.checkpoint_dir
    if args.resume and folder and (saved := sorted(folder.glob("epoch-*.pt"))):
        checkpoint = torch.load(saved[-1])
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        done = checkpoint["epoch"]
    for epoch in range(done + 1, args.epochs + 1):
        sampler.set_epoch(epoch)
        loss, accuracy = train(model, loader, optimizer, epoch), evaluate(model, test_set)
        if dist.get_rank() == 0:
            print(f"epoch {epoch}: loss {loss:.6f}, held-out accuracy {accuracy:.2%}", flush=True)
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save({"epoch": epoch, **state}, folder / f"epoch-{epoch:04d}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
