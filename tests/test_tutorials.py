"""What PyTorch tutorials type, run with dtrain under the name of torch and compared with PyTorch.

The rows follow the chapters of a tutorial: tensors, operations, gradients, layers, optimizers.
"""

from __future__ import annotations

import pytest

import dtrain
from tests.twin import lines, same

pytestmark = pytest.mark.torch

TENSORS = """
# ---- from data, from shapes ----
torch.tensor([[1, 2], [3, 4]])
torch.tensor([5.5, 3])
torch.tensor(2.5)
a = np.array([[1.0, 2], [3, 4]]); t = torch.from_numpy(a); a[0, 0] = 9; t
t = torch.ones(5); n = t.numpy(); t.add_(1); n
torch.ones_like(torch.tensor([[1, 2], [3, 4]]))
torch.zeros_like(torch.tensor([[1, 2], [3, 4]]))
torch.manual_seed(0); torch.rand_like(torch.tensor([[1, 2], [3, 4]]), dtype=torch.float)
torch.randn_like(torch.tensor([1, 2]))
torch.Tensor(2, 3).size()
torch.Tensor([1, 2, 3])
torch.Tensor(3, 1).fill_(7.0)
torch.manual_seed(1); torch.rand(2, 3)
torch.manual_seed(1); torch.randn(*(2, 3))
torch.ones(2, 3)
torch.zeros(5, 3, dtype=torch.long)
torch.eye(3, 4)
torch.arange(0, 10, 2)
torch.arange(1, 4)
torch.linspace(0, 1, steps=5)
torch.manual_seed(2); torch.normal(torch.zeros(3), torch.ones(3))
torch.manual_seed(2); torch.normal(0, 1, (2, 2))
torch.manual_seed(2); torch.empty(4).uniform_(0, 2)
torch.manual_seed(3); torch.randint(0, 10, (2, 3))
torch.manual_seed(3); torch.randint(high=5, size=(4,), dtype=torch.int32)
torch.manual_seed(3); torch.randint(7, size=(1,))
torch.manual_seed(4); torch.randperm(6)
torch.full(size=(2, 3), fill_value=3.5)
torch.tensor([5.5, 3]).new_ones(5, 3, dtype=torch.double)
torch.tensor([1, 2]).new_zeros(2, 2)
x = torch.ones(3); y = x.clone(); y += 1; x, y
# ---- NumPy and Python ----
torch.from_numpy(np.arange(6)[::-1].copy())
torch.tensor([2.5]).item()
torch.tensor([[1, 2], [3, 4]]).tolist()
torch.arange(3.0).cpu().numpy()
np.power(torch.arange(3.0).numpy(), 2)
np.asarray(torch.arange(4.0))
torch.ones(2, requires_grad=True).data.numpy()
torch.ones(2, requires_grad=True).numpy()
# ---- attributes ----
torch.rand(3, 4).shape
torch.rand(3, 4).dtype
torch.rand(3, 4).device
torch.rand(3, 4).layout
x = torch.ones(2); x.grad, x.requires_grad, x.grad_fn, x.is_leaf
torch.arange(6).reshape(2, 3).T
torch.arange(6).reshape(2, 3).t()
torch.rand(2, 3).size(), torch.rand(2, 3).size(0), torch.rand(2, 3).dim()
torch.rand(2, 3).ndimension(), torch.rand(2, 3).nelement(), torch.numel(torch.rand(2, 3))
a = torch.arange(6.0).reshape(2, 3); a.stride(), a.storage_offset(), a.is_contiguous()
a = torch.arange(6.0).reshape(2, 3); b = a[:, 1]; b.stride(), b.storage_offset(), b.is_contiguous()
a = torch.arange(6.0); b = a.view(2, 3); a.storage().data_ptr() == b.storage().data_ptr()
a = torch.arange(4.0); list(a.storage())
a = torch.arange(4.0); str(a.storage()).splitlines()[:4]
# ---- printing ----
repr(torch.tensor([[1, 2], [3, 4]]))
repr(torch.tensor([1.0, 0.5, 1000.25]))
repr(torch.tensor(3.5)), repr(torch.tensor(True)), repr(torch.tensor([True, False]))
repr(torch.ones(2, requires_grad=True))
repr(torch.ones(2, requires_grad=True) + 2)
repr(torch.ones(2, requires_grad=True) * 3)
repr((torch.ones(2, requires_grad=True) * 3).mean())
repr(torch.ones(2, requires_grad=True) ** 2)
repr(torch.tensor([1, 2], dtype=torch.int32))
repr(torch.tensor([[1.0, 3.0], [2.0, 0.0]]).max(1))
repr(torch.tensor([3.0, 1.0, 2.0]).sort())
torch.set_printoptions(precision=2, sci_mode=False); x = repr(torch.tensor([1.23456, 1e-7]));
torch.set_printoptions(profile="default"); x
# ---- devices and types ----
torch.device("cpu"), torch.device("cuda:0"), torch.device("cuda", 1), torch.device("cuda")
repr(torch.device("cuda", 0)), torch.device("cuda:0") == torch.device("cuda", 0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu"); torch.ones(2).to(device)
torch.ones(2, device="cpu").device == torch.device("cpu")
torch.FloatTensor([1, 2]).dtype, torch.LongTensor(2).dtype, torch.ByteTensor([1]).dtype
torch.DoubleTensor([1]).type(), torch.HalfTensor([1]).type(), torch.CharTensor([1]).type()
torch.ShortTensor([1]).type(), torch.IntTensor([1]).type()
x = torch.tensor([1.7, -2.3]); x.int(), x.long(), x.short(), x.char(), x.half(), x.double()
torch.tensor([1.7, 2.3]).byte(), torch.tensor([0, 2]).bool(), torch.tensor([0, 2]).float()
torch.ones(2).type(torch.IntTensor), torch.ones(2).type(torch.float)
torch.ones(2).type("torch.LongTensor")
torch.ones(2).type_as(torch.tensor([1])), torch.ones(2).to(torch.int)
torch.float, torch.double, torch.half, torch.int, torch.long, torch.short, torch.uint8
torch.set_default_tensor_type(torch.FloatTensor); torch.ones(1)
torch.tensor("text")
torch.iinfo(torch.int8).max, torch.finfo(torch.float32).eps
"""

OPERATIONS = """
# ---- indexing ----
t = torch.arange(12.0).reshape(3, 4); t[0], t[:, 0], t[..., -1], t[1][2]
t = torch.ones(4, 4); t[:, 1] = 0; t
t = torch.arange(6) - 3; t[t > 0]
t = torch.arange(12).reshape(3, 4); t[torch.tensor([0, 2]), torch.tensor([1, 3])]
t = torch.arange(12).reshape(3, 4); t[:, None, :].shape
torch.manual_seed(0); t = torch.arange(8); t[torch.randperm(8)]
torch.arange(4)[::-1]
t = torch.arange(6).reshape(1, 2, 3); t[:, :, torch.arange(2, -1, -1).long()]
torch.arange(3)[5]
# ---- joining and splitting ----
t = torch.ones(2, 3); torch.cat([t, t, t], dim=1).shape, torch.stack([t, t]).shape
torch.split(torch.arange(10).reshape(5, 2), 2)
torch.split(torch.arange(10).reshape(5, 2), [1, 4]), torch.arange(6).split(4)
torch.arange(7).chunk(3), torch.chunk(torch.ones(4, 2), 2, dim=0)
torch.cat([torch.ones(2, 3), torch.ones(3, 2)])
# ---- shapes ----
x = torch.arange(16.0).reshape(4, 4); x.view(16).shape, x.view(-1, 8).shape, x.reshape(2, 8).shape
torch.arange(4, dtype=torch.int32).view(torch.uint8).shape
x = torch.arange(6).reshape(2, 3).t(); x.view(6)
x = torch.arange(6).reshape(2, 3).t(); x.contiguous().view(6), x.is_contiguous()
x = torch.arange(6).resize_(2, 3); x
torch.arange(6.0, requires_grad=True).resize(2, 3)
torch.arange(6).resize(2, 2)
x = torch.ones(2, 3, 4); x.permute(2, 0, 1).shape, x.transpose(0, 2).shape
torch.transpose(torch.ones(2, 3), 0, 1).shape, torch.ones(2, 3).t().shape
torch.ones(1, 2, 1).squeeze().shape, torch.ones(2).unsqueeze(0).shape
torch.unsqueeze(torch.ones(2), 1).shape
torch.ones(3, 1).expand(3, 4).shape, torch.ones(1, 2).expand_as(torch.ones(3, 2)).shape
torch.arange(3).repeat(2, 2), torch.arange(3).repeat_interleave(2)
torch.repeat_interleave(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 2]), dim=0)
torch.arange(3).view(3, 1) + torch.arange(2).view(1, 2)
torch.flatten(torch.ones(2, 3, 4), 1).shape
torch.ones(2, 3) + torch.ones(2, 4)
# ---- matrices ----
a = torch.arange(4.0).view(2, 2); a @ a, a.matmul(a), torch.mm(a, a), a.mm(a.T)
a = torch.arange(4.0).view(2, 2); a.mv(a[0]), a[0].dot(a[1]), torch.bmm(a[None], a[None])
a = torch.arange(4.0).view(2, 2); y = torch.rand_like(a); torch.matmul(a, a.T, out=y); y
a = torch.arange(4.0).view(2, 2); z = torch.rand_like(a); torch.mul(a, a, out=z); z, a * a, a.mul(a)
torch.einsum("bij,bjk->bik", torch.ones(2, 3, 4), torch.ones(2, 4, 5))
x, y = torch.arange(4.0).view(2, 2), torch.ones(3, 2);
torch.sum((x[:, None] - y[None]) ** 2, 2).sqrt()
torch.arange(9.0).view(3, 3).trace(), torch.norm(torch.arange(4.0))
torch.tensor([[2.0, 0.0], [0.0, 4.0]]).inverse().contiguous()
torch.ones(2, 3) @ torch.ones(2, 3)
# ---- reductions and order ----
x = torch.arange(6.0).reshape(2, 3); x.sum(), x.sum(0), x.mean([0, 1]), x.prod(), x.std(), x.var(0)
x = torch.tensor([[3.0, 1.0], [2.0, 5.0]]);
x.max(), x.min(0), torch.max(x, 1), x.median(), x.argmax(1)
x = torch.tensor([3.0, -1.0, 2.0]); x.sort(descending=True), torch.sort(x), x.argmin(), x.norm(1)
x = torch.arange(6.0).reshape(2, 3); x.norm(dim=1), x.abs(), x.sign(), x.sqrt()
torch.nonzero(torch.tensor([[0, 1], [2, 0]])).contiguous()
a = torch.ones(2); torch.equal(a, a), torch.allclose(a, a + 1e-9)
torch.tensor([1, 2]).mean()
# ---- element by element ----
x = torch.tensor([-2.5, 0.5, 3.0]); x.pow(2), x**2, x.neg(), x.clamp(min=-1, max=1), x.floor()
x = torch.tensor([-2.5, 0.5, 3.0]); x.exp(), x.sin(), x.cos(), x.fmod(2), x.remainder(2)
x = torch.tensor([-7, 7]); x // 2, x % 3, x / 2, x - 1, 2**x.abs()
x = torch.tensor([1.0, 2.0]); x == 1, x > 1, x != 1, -x, +x, abs(x)
torch.where(torch.tensor([True, False]), torch.ones(2), torch.zeros(2))
torch.isnan(torch.tensor([float("nan"), 1.0])), torch.isinf(torch.tensor([float("inf"), 1.0]))
torch.ones(2, dtype=torch.int32) + torch.ones(2), torch.tensor([1]) + 1.5, torch.tensor([1]) * True
# ---- choosing and filling ----
x = torch.arange(12.0).view(3, 4);
torch.index_select(x, 0, torch.tensor([0, 2])), x.take(torch.tensor([0, 5]))
x = torch.arange(12.0).view(3, 4);
torch.gather(x, 1, torch.tensor([[0], [1], [2]])), x.masked_select(x > 8)
x = torch.arange(6.0).view(2, 3);
x.index_fill(1, torch.tensor([0]), -1.0), x.masked_fill(x > 3, 0.0)
y = torch.tensor([2, 0, 1]);
torch.zeros(3, 4).scatter_(dim=1, index=y[:, None], src=torch.ones(3, 4))
y = torch.tensor([2, 0, 1]); torch.zeros(3, 10).scatter_(1, y.unsqueeze(1), value=1)
torch.zeros(3).scatter_add_(0, torch.tensor([0, 0, 2]), torch.tensor([1.0, 2.0, 3.0]))
# ---- three forms of one operator ----
x = torch.tensor([-1.0, 2.0]); y = x.abs(); x.abs_(); x, y
x = torch.tensor([0.5]); x.acos_(), torch.tensor([0.5]).asin_(), torch.tensor([0.5]).ceil_()
torch.ones(2, 2).addbmm_(torch.ones(3, 2, 2), torch.ones(3, 2, 2))
torch.ones(2).addcmul_(torch.ones(2), torch.ones(2), value=0.5)
x = torch.ones(2); x.zero_(), x.fill_(3), x.copy_(torch.arange(2.0)), x.add_(1), x.requires_grad_()
x = torch.ones(2); x += 1; x
out = torch.empty(2); torch.add(torch.ones(2), 1, out=out); out
torch.manual_seed(0); torch.floor(torch.rand(3) * 10).int()
torch.manual_seed(0); torch.empty(3).normal_(1.0, 2.0)
"""

GRADIENTS = """
x = torch.ones(2, 2, requires_grad=True); y = x + 2; (y * y * 3).mean().backward(); x.grad
a = torch.tensor([2.0, 3.0], requires_grad=True); b = torch.tensor([6.0, 4.0], requires_grad=True);
(3 * a**3 - b**2).backward(gradient=torch.tensor([1.0, 1.0])); a.grad, b.grad
x = torch.ones(2, requires_grad=True); y = (x * 2).sum(); y.backward(retain_graph=True);
y.backward(); x.grad
x = torch.ones(2, requires_grad=True); (x * 2).sum().backward(); x.grad.zero_(); x.grad
x = torch.ones(1, requires_grad=True); y = (x + 2) * 3;
type(y.grad_fn.next_functions[0][0]).__name__
x = torch.ones(1, requires_grad=True); y = x + 2; type(y.grad_fn.next_functions[0][0]).__name__
x = torch.ones(1, requires_grad=True); y = x * 2; x.is_leaf, y.is_leaf, type(y.grad_fn).__name__
x = torch.ones(1, requires_grad=True); y = x**2;
type(y.grad_fn).__name__, type(y.mean().grad_fn).__name__
x = torch.ones(2, requires_grad=True); y = x * 2; y.retain_grad(); y.sum().backward(); y.grad
x = torch.tensor(3.0, requires_grad=True); y = x**3;
(g,) = torch.autograd.grad(y, x, create_graph=True); torch.autograd.grad(g, x)
x = torch.ones(2, requires_grad=True); w = torch.ones(2, requires_grad=True);
torch.autograd.grad([(x * w).sum(), (x + w).sum()], [x, w])
x = torch.ones(2, requires_grad=True); y = x * 3;
torch.autograd.backward(y, torch.tensor([1.0, 0.1])); x.grad
"""

MESSAGES = [
    ("x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()",
     "Trying to backward through the graph a second time"),
    ("x = torch.ones(2, requires_grad=True); (x * 2).backward()",
     "grad can be implicitly created only for scalar outputs"),
    ("torch.ones(2).sum().backward()", "does not require grad and does not have a grad_fn"),
    ("x = torch.ones(2, requires_grad=True); x += 1",
     "a leaf Variable that requires grad is being used in an in-place operation"),
    ("torch.randn_like(torch.tensor([1, 2]))", "not implemented for"),
    ("torch.arange(6).reshape(2, 3).t().view(6)", "view size is not compatible"),
    ("torch.ones(2, requires_grad=True).numpy()",
     "Can't call numpy() on Tensor that requires grad"),
    ("torch.ones(2, 3) @ torch.ones(2, 3)", "shapes cannot be multiplied (2x3 and 2x3)"),
    ("torch.ones(2, 3) + torch.ones(2, 4)",
     "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"),
    ("torch.nn.Linear(2, 3)(torch.ones(1, 5))", "shapes cannot be multiplied"),
]  # fmt: skip

LAYERS = """
# ---- modules ----
net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)); str(net)
net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU());
[n for n, _ in net.named_parameters()]
net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU());
[n for n, _ in net.named_modules()]
net = torch.nn.Sequential(torch.nn.Linear(2, 3));
[n for n, _ in net.named_children()], len(list(net.modules()))
net = torch.nn.Linear(2, 3); net.add_module("extra", torch.nn.ReLU()); list(net._modules)
net = torch.nn.Linear(2, 3); net.register_buffer("kept", torch.ones(1)); list(net.state_dict())
torch.manual_seed(0); net = torch.nn.Linear(2, 3); net.requires_grad_(False); net(torch.ones(1, 2))
net = torch.nn.Dropout(0.5); net.eval(); net(torch.ones(3)), net.training
net = torch.nn.Linear(2, 1); net(torch.ones(1, 2)).sum().backward(); net.zero_grad();
net.weight.grad
a, b = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1); b.load_state_dict(a.state_dict());
bool((a.weight == b.weight).all())
seen = []; net = torch.nn.Linear(2, 1);
h = net.register_forward_hook(lambda m, i, o: seen.append(o.shape));
net(torch.ones(3, 2)); h.remove(); net(torch.ones(3, 2)); seen
seen = []; net = torch.nn.Linear(2, 1);
net.register_full_backward_hook(lambda m, i, o: seen.append(o[0].shape));
net(torch.ones(3, 2)).sum().backward(); seen
net = torch.nn.Sequential(torch.nn.Linear(2, 2)); net.apply(lambda m: None) is net
from collections import OrderedDict;
net = torch.nn.Sequential(OrderedDict([("fc", torch.nn.Linear(2, 2))])); str(net)
net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Tanh(), torch.nn.Sigmoid());
str(net[:-1]), len(net)
net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Tanh());
str(torch.nn.Sequential(*list(net.children())[:-1]))
p = torch.nn.ParameterList([torch.nn.Parameter(torch.ones(2)) for _ in range(3)]); len(p), p[1]
d = torch.nn.ParameterDict({"a": torch.nn.Parameter(torch.ones(2))}); list(d.keys()), d["a"]
m = torch.nn.ModuleList([torch.nn.Linear(1, 1)]); m.append(torch.nn.ReLU()); len(m)
# ---- layers ----
torch.manual_seed(0);
torch.nn.Conv2d(1, 2, kernel_size=3, stride=2, padding=1)(torch.ones(1, 1, 5, 5))
torch.manual_seed(0); torch.nn.Conv1d(2, 2, 2)(torch.ones(1, 2, 5)).shape
torch.nn.BatchNorm1d(3)(torch.arange(6.0).view(2, 3))
torch.nn.BatchNorm2d(1)(torch.arange(4.0).view(1, 1, 2, 2))
torch.nn.Flatten()(torch.ones(2, 3, 4)).shape
torch.nn.ReLU(inplace=True)(torch.tensor([-1.0, 1.0]))
torch.nn.Sigmoid()(torch.zeros(1)), torch.nn.Tanh()(torch.ones(1))
torch.nn.Softmax(dim=1)(torch.arange(4.0).view(2, 2))
torch.nn.LogSoftmax(dim=1)(torch.arange(4.0).view(2, 2))
torch.nn.MaxPool2d(2)(torch.arange(16.0).view(1, 1, 4, 4))
torch.nn.AvgPool2d(2)(torch.arange(16.0).view(1, 1, 4, 4))
torch.manual_seed(0); torch.nn.Dropout(0.5)(torch.ones(8)).ne(0).sum() <= 8
torch.manual_seed(0); e = torch.nn.Embedding(4, 2, padding_idx=0, max_norm=1.0, norm_type=2.0);
e(torch.tensor([[0, 1], [2, 3]]))
torch.nn.Embedding(2, 2, _weight=torch.arange(4.0).view(2, 2))(torch.tensor([1]))
m = torch.nn.BatchNorm2d(4);
m.num_features, m.eps, m.momentum, m.affine, m.track_running_stats, m.running_mean
isinstance(torch.nn.BatchNorm2d(4), torch.nn.modules.batchnorm._BatchNorm)
torch.manual_seed(0); torch.nn.RNN(2, 3, batch_first=True)(torch.ones(1, 4, 2))[0].shape
# ---- functions ----
F = torch.nn.functional;
F.relu(torch.tensor([-1.0, 1.0]), inplace=True), F.dropout(torch.ones(2), training=False)
F = torch.nn.functional;
F.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2)), F.max_pool2d(torch.ones(1, 1, 4, 4), 2)
F = torch.nn.functional;
F.linear(torch.ones(1, 2), torch.ones(3, 2)), F.log_softmax(torch.zeros(1, 2), dim=1)
F = torch.nn.functional; F.normalize(torch.tensor([[3.0, 4.0]])), F.softmax(torch.zeros(2), dim=0)
F = torch.nn.functional;
F.interpolate(torch.arange(4.0).view(1, 1, 2, 2), size=(4, 4), mode="bilinear", align_corners=False)
F = torch.nn.functional; F.one_hot(torch.tensor([0, 2]), num_classes=3)
F = torch.nn.functional;
x = torch.arange(4.0).view(1, 1, 2, 2); how = dict(mode="bilinear", padding_mode="border");
F.grid_sample(x, torch.zeros(1, 1, 1, 2), align_corners=False, **how)
F = torch.nn.functional;
x = torch.arange(8.0).view(1, 1, 2, 2, 2);
F.grid_sample(x, torch.zeros(1, 1, 1, 1, 3), align_corners=False)
F = torch.nn.functional; F.binary_cross_entropy_with_logits(torch.zeros(2), torch.ones(2))
# ---- beginnings ----
torch.manual_seed(0); torch.nn.init.xavier_normal_(torch.empty(2, 3))
torch.manual_seed(0);
torch.nn.init.kaiming_normal_(torch.empty(2, 3), mode="fan_out", nonlinearity="relu")
torch.nn.init.constant_(torch.empty(2), val=0.3)
torch.manual_seed(0);
torch.nn.init.uniform_(torch.empty(2)), torch.nn.init.normal_(torch.empty(2), 0, 0.01)
# ---- losses ----
torch.nn.MSELoss()(torch.zeros(2), torch.ones(2))
torch.nn.L1Loss(reduction="sum")(torch.zeros(2), torch.ones(2))
torch.nn.CrossEntropyLoss()(torch.arange(6.0).view(2, 3), torch.tensor([0, 2]))
torch.nn.NLLLoss()(torch.arange(6.0).view(2, 3), torch.tensor([0, 2]))
lsr = torch.nn.CrossEntropyLoss(reduction="none", label_smoothing=0.1);
lsr(torch.arange(6.0).view(2, 3), torch.tensor([0, 2]))
y = torch.tensor([0, 2]); s = torch.full(size=(2, 3), fill_value=0.05);
s.scatter_(dim=1, index=y[:, None], value=0.9); s
# ---- while training ----
p = torch.nn.Parameter(torch.ones(4)); (p * 100).sum().backward();
torch.nn.utils.clip_grad_norm_([p], max_norm=20), p.grad
sum(p.numel() for p in torch.nn.Linear(3, 4).parameters())
sum(torch.norm(p, 1) for p in [torch.ones(2), torch.ones(3)])
torch.manual_seed(0); torch.distributions.Beta(0.5, 0.5).sample([]).shape
net = torch.nn.DataParallel(torch.nn.Linear(2, 1));
list(net.state_dict()), list(net.module.state_dict())
torch.cuda.device_count()
m = torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(torch.nn.BatchNorm2d(3)));
str(m)
how = dict(eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, process_group=None);
str(torch.nn.SyncBatchNorm(3, **how))
torch.backends.cudnn.deterministic = True; torch.backends.cudnn.benchmark = False;
torch.backends.cudnn.benchmark
"""

STEPS = [
    "torch.optim.SGD(params=net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)",
    "torch.optim.SGD(net.parameters(), lr=0.1)",
    "torch.optim.Adam(net.parameters(), lr=0.01)",
    "torch.optim.AdamW(net.parameters(), lr=0.01)",
    "torch.optim.Adadelta(net.parameters())",
    "torch.optim.Adagrad(net.parameters())",
    "torch.optim.SGD([{'params': [net.weight]}, {'params': [net.bias], 'lr': 0.1}], lr=1e-3)",
    "torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.1)",
]

SCHEDULES = [
    "MultiStepLR(opt, milestones=[2, 4], gamma=0.1)",
    "CosineAnnealingLR(opt, T_max=5)",
    "LambdaLR(opt, lr_lambda=lambda t: t / 5)",
    "ExponentialLR(opt, gamma=0.9)",
    "StepLR(opt, step_size=2, gamma=0.5)",
]


@pytest.mark.parametrize("source", lines(TENSORS))
def test_tensors(source: str) -> None:
    same(source, tolerance=1e-6)


@pytest.mark.parametrize("source", lines(OPERATIONS))
def test_operations(source: str) -> None:
    same(source, tolerance=1e-6)


@pytest.mark.parametrize("source", lines(GRADIENTS))
def test_gradients(source: str) -> None:
    same(source)


@pytest.mark.parametrize(("source", "words"), MESSAGES)
def test_messages(source: str, words: str) -> None:
    same(source, words)


@pytest.mark.parametrize("source", lines(LAYERS))
def test_layers(source: str) -> None:
    same(source, tolerance=1e-5)


@pytest.mark.parametrize("make", STEPS)
def test_optimizers(make: str) -> None:
    same(
        f"torch.manual_seed(0); net = torch.nn.Linear(2, 1); opt = {make}\n"
        "for _ in range(3):\n"
        "    loss = (net(torch.ones(4, 2)) ** 2).mean()\n"
        "    opt.zero_grad(); loss.backward(); opt.step()\n"
        "net.weight, net.bias, [g['lr'] for g in opt.param_groups], sorted(opt.state_dict())",
        tolerance=1e-6,
    )


@pytest.mark.parametrize("make", SCHEDULES)
def test_schedules(make: str) -> None:
    same(
        "opt = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5); rates = []\n"
        f"schedule = torch.optim.lr_scheduler.{make}\n"
        "for _ in range(6):\n"
        "    opt.step(); schedule.step(); rates += schedule.get_last_lr()\n"
        "rates",
        tolerance=1e-9,
    )


def test_two_schedules_in_a_chain() -> None:
    same(
        "opt = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5); rates = []\n"
        "one = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9)\n"
        "two = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[2, 4], gamma=0.1)\n"
        "for _ in range(6):\n"
        "    opt.step(); one.step(); two.step(); rates.append(opt.param_groups[0]['lr'])\n"
        "rates",
        tolerance=1e-9,
    )


def test_a_plateau() -> None:
    same(
        "opt = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)\n"
        "schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode='max', patience=1)\n"
        "rates = []\n"
        "for metric in (1.0, 2.0, 2.0, 2.0, 2.0, 1.0):\n"
        "    schedule.step(metric); rates.append(opt.param_groups[0]['lr'])\n"
        "rates",
        tolerance=1e-9,
    )


def test_a_schedule_that_steps_first() -> None:
    optimizer = dtrain.optim.SGD([dtrain.nn.Parameter(dtrain.ones(1))], lr=0.5)
    schedule = dtrain.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"before `optimizer\.step\(\)`"):
        schedule.step()


def test_no_grad_and_detach() -> None:
    same(
        "x = torch.ones(2, requires_grad=True)\n"
        "with torch.no_grad():\n"
        "    y = x * 2\n"
        "z = x.detach(); w = x.detach().clone(); c = x.clone(); z[0] = 5\n"
        "y.requires_grad, z, w, c, x"
    )


def test_a_function_of_ones_own() -> None:
    same(
        "class Exp(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, i):\n"
        "        result = i.exp(); ctx.save_for_backward(result); return result\n"
        "    @staticmethod\n"
        "    def backward(ctx, grad_output):\n"
        "        (result,) = ctx.saved_tensors; return grad_output * result\n"
        "x = torch.ones(2, requires_grad=True); Exp.apply(x).sum().backward(); x.grad"
    )


def test_anomalies_are_found() -> None:
    x = dtrain.tensor([-1.0], requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection"):
        mode = dtrain.autograd.detect_anomaly()
    with mode, pytest.raises(RuntimeError, match="returned nan values"), pytest.warns():
        (x.sqrt() * 0 + x).sum().backward()


def test_a_grad_that_is_not_there_is_told() -> None:
    x = dtrain.ones(1, requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match=r"\.grad attribute of a Tensor that is not a leaf"):
        assert y.grad is None


def test_a_profile_is_printed() -> None:
    with dtrain.autograd.profiler.profile(enabled=True, use_cuda=False) as prof:
        dtrain.ones(3).exp()
    assert "exp" in str(prof)


def test_names_of_dimensions() -> None:
    names = ["N", "C", "H", "W"]
    images = dtrain.randn(2, 3, 4, 4, names=names)
    assert images.sum("C").shape == (2, 4, 4)
    assert images.select("C", index=0).names == ("N", "H", "W")
    turned = dtrain.rand(3, 4, 1, 2, names=("C", "H", "W", "N")).align_to("N", "C", "H", "W")
    assert turned.shape == (2, 3, 4, 1)


def test_a_module_of_ones_own() -> None:
    same(
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        torch.nn.Module.__init__(self)\n"
        "        self.first = torch.nn.Linear(4, 3)\n"
        "        self.scale = torch.nn.Parameter(torch.ones(1))\n"
        "        setattr(self, 'second', torch.nn.Linear(3, 2))\n"
        "    def forward(self, x):\n"
        "        return self.second(torch.nn.functional.relu(self.first(x))) * self.scale\n"
        "torch.manual_seed(0); net = Net(); net.train(); loss_fn = torch.nn.CrossEntropyLoss()\n"
        "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for _ in range(3):\n"
        "    loss = loss_fn(net(torch.ones(5, 4)), torch.tensor([0, 1, 1, 0, 1]))\n"
        "    opt.zero_grad(); loss.backward(); opt.step()\n"
        "str(net), loss.item(), dict(net.state_dict())",
        tolerance=1e-5,
    )
