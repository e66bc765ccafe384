"""Attributions of a small network: equal to captum's, to formulas written another way, or known by hand."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerAttribution
from torch import Tensor, nn

import components
from components.attribution.integrated_gradients import gauss_legendre

TARGET = torch.tensor([3, 0])


class Net(nn.Module):
    """Two convolutions with pooling and a classifier, which end in maps after ``relu2``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu1, self.pool = nn.Conv2d(2, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        self.conv2, self.relu2 = nn.Conv2d(5, 6, 3), nn.ReLU()
        self.fc1, self.relu3, self.fc2 = nn.Linear(6 * 3 * 2, 7), nn.ReLU(), nn.Linear(7, 4)

    def backbone(self, x: Tensor) -> Tensor:
        return self.relu2(self.conv2(self.pool(self.relu1(self.conv1(x)))))

    def head(self, maps: Tensor) -> Tensor:
        return self.fc2(self.relu3(self.fc1(maps.flatten(1))))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.backbone(x))


@pytest.fixture
def net() -> Net:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Net().double()


@pytest.fixture
def linear() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(nn.Flatten(), nn.Linear(2 * 10 * 8, 4)).double()


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, 2, 10, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.fixture
def baseline() -> Tensor:
    return torch.rand(2, 2, 10, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def make(id: str, model: Net | nn.Module, **params: object) -> nn.Module:
    return components.create(id, model=model, **params)


def parts(id: str, net: Net, **params: object) -> nn.Module:
    return components.create(id, backbone=net.backbone, head=net.head, **params)


def logit(model: nn.Module, x: Tensor) -> Tensor:
    return model(x).gather(1, TARGET[:, None])[:, 0]


def weights_of(linear: nn.Module) -> Tensor:
    return linear.get_parameter("1.weight")[TARGET].detach().view(2, 2, 10, 8)


# ------------------------------------------------------------------ gradients


@pytest.mark.parametrize(
    ("id", "method"), [("vis_deconvnet", "Deconvolution"), ("vis_guided_backprop", "GuidedBackprop")]
)
@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_rules_of_relu_equal_captum(net, x, id, method):
    expected = getattr(captum.attr, method)(net).attribute(x.clone().requires_grad_(), TARGET)
    torch.testing.assert_close(make(id, net)(x, TARGET), expected)


@pytest.mark.parametrize("written", [F.relu, torch.relu, torch.relu_, lambda x: x.relu(), nn.ReLU(inplace=True)])
def test_every_way_to_write_a_relu_follows_the_rule(linear, x, written):
    def model(points: Tensor) -> Tensor:
        return linear(written(points * 1.0))

    back = weights_of(linear).clamp(min=0)
    torch.testing.assert_close(make("vis_deconvnet", model)(x, TARGET), back)
    torch.testing.assert_close(make("vis_guided_backprop", model)(x, TARGET), back * (x > 0))


def test_saliency_is_the_size_of_the_gradient(net, linear, x):
    expected = captum.attr.Saliency(net).attribute(x.clone().requires_grad_(), TARGET)
    torch.testing.assert_close(make("vis_saliency", net)(x, TARGET), expected)
    torch.testing.assert_close(make("vis_saliency", linear)(x, TARGET), weights_of(linear).abs())
    torch.testing.assert_close(make("vis_saliency", linear, show="signed")(x, TARGET), weights_of(linear))
    torch.testing.assert_close(make("vis_saliency", linear, show="times_input")(x, TARGET), weights_of(linear) * x)


def test_the_predicted_class_is_explained_where_none_is_given(net, x):
    predicted = net(x).argmax(1)
    saliency = make("vis_saliency", net)
    torch.testing.assert_close(saliency(x), saliency(x, predicted))
    one = torch.tensor([-100, 1])
    torch.testing.assert_close(saliency(x, one), saliency(x, one.where(one >= 0, predicted)))


def test_a_map_leaves_no_gradients_behind(net, x):
    with torch.no_grad():
        found = make("vis_saliency", net)(x, TARGET)
    assert not found.requires_grad and all(p.grad is None for p in net.parameters())


def test_smoothgrad_equals_the_noise_tunnel(net, x):
    net, one, target = net.float(), x[:1].float(), TARGET[:1]
    std = 0.2 * float(one.max() - one.min())
    torch.manual_seed(7)
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(net))
    expected = tunnel.attribute(
        one.clone().requires_grad_(),
        nt_type="smoothgrad",
        nt_samples=6,
        nt_samples_batch_size=1,
        stdevs=std,
        target=target,
        abs=False,
    )
    torch.manual_seed(7)
    found = make("vis_smoothgrad", net, sigma=0.2, samples=6)(one, target)
    torch.testing.assert_close(found, expected)


def test_smoothgrad_without_noise_is_the_gradient(net, x):
    plain = make("vis_saliency", net, show="signed")(x, TARGET)
    torch.testing.assert_close(make("vis_smoothgrad", net, sigma=0.0, samples=3)(x, TARGET), plain)


# ------------------------------------------------------------------ contributions


def test_integrated_gradients_equal_captum(net, x, baseline):
    expected = captum.attr.IntegratedGradients(net).attribute(x, baseline, TARGET, n_steps=9)
    torch.testing.assert_close(make("vis_integrated_gradients", net, steps=9)(x, baseline, TARGET), expected)


def test_integrated_gradients_are_complete(net, linear, x, baseline):
    found = make("vis_integrated_gradients", net, steps=100)(x, baseline, TARGET)
    torch.testing.assert_close(found.sum((1, 2, 3)), logit(net, x) - logit(net, baseline), rtol=0, atol=5e-3)
    exact = make("vis_integrated_gradients", linear, steps=1)(x, None, TARGET)
    torch.testing.assert_close(exact, weights_of(linear) * x)


@pytest.mark.parametrize("steps", [1, 2, 7, 24])
def test_the_rule_of_gauss_and_legendre(steps):
    places, weights = np.polynomial.legendre.leggauss(steps)
    found = gauss_legendre(steps)
    np.testing.assert_allclose(found[0], (places + 1) / 2, atol=1e-12)
    np.testing.assert_allclose(found[1], weights / 2, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")
def test_deeplift_equals_captum(net, x, baseline):
    net.pool = nn.AvgPool2d(2)
    expected = captum.attr.DeepLift(net).attribute(x.clone().requires_grad_(), baseline, TARGET)
    torch.testing.assert_close(make("vis_deeplift", net)(x, baseline, TARGET), expected.detach())


def test_deeplift_hands_the_difference_of_maxima_on(net, x, baseline):
    found = make("vis_deeplift", net)(x, baseline, TARGET)
    torch.testing.assert_close(found.sum((1, 2, 3)), (logit(net, x) - logit(net, baseline)).detach())
    pool = components.create("vis_deeplift", model=lambda z: F.max_pool2d(z, (1, 3)).flatten(1))
    values = torch.tensor([[[[1.0, 5.0, 2.0]]]]), torch.tensor([[[[4.0, 3.0, 2.0]]]])
    assert pool(*values, torch.tensor([0])).tolist() == [[[[0.0, 1.0, 0.0]]]]  # 5 - 4, where the 5 stands
    assert pool(values[1], values[0], torch.tensor([0])).tolist() == [[[[0.0, -1.0, 0.0]]]]


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.GELU(), nn.SiLU(), nn.ELU(), nn.LeakyReLU(0.2, inplace=True)])
def test_deeplift_sums_to_the_difference(linear, x, baseline, activation):
    net = nn.Sequential(nn.Conv2d(2, 3, 3), activation, nn.AvgPool2d(2), activation, nn.Flatten(), nn.Linear(36, 4))
    net = net.double()
    found = make("vis_deeplift", net)(x, baseline, TARGET)
    torch.testing.assert_close(found.sum((1, 2, 3)), (logit(net, x) - logit(net, baseline)).detach())


def test_deeplift_of_an_unchanged_input_is_nothing(net, x):
    assert make("vis_deeplift", net)(x, x, TARGET).abs().max() == 0


@pytest.mark.parametrize(("window", "stride"), [(3, 1), (4, 3), (3, 2), (20, 1)])
def test_occlusion_equals_captum(net, x, window, stride):
    reference = captum.attr.Occlusion(net)
    size = min(window, 10), min(window, 8)
    expected = reference.attribute(x, (2, *size), (2, stride, stride), baselines=0.5, target=TARGET)
    found = make("vis_occlusion", net, window=window, stride=stride, value=0.5)(x, TARGET)
    torch.testing.assert_close(found, expected.to(found))


def test_occlusion_of_a_linear_model_is_its_weighted_input(linear, x):
    found = make("vis_occlusion", linear, window=2, stride=2)(x, TARGET)
    share = F.avg_pool2d((weights_of(linear) * x).sum(1, keepdim=True), 2) * 4
    torch.testing.assert_close(found, F.interpolate(share, scale_factor=2.0).expand_as(x))


def test_lime_finds_the_weights_of_a_model_that_is_linear_in_its_segments(linear, x):
    segments = torch.arange(6).view(2, 3).repeat_interleave(5, 0).repeat_interleave(3, 1)[:, :8].expand(2, 10, 8)
    torch.manual_seed(0)
    lime = make("vis_lime", linear, grid=(2, 3), samples=60, hide="zero", ridge=0.0)
    map, weights = lime(x, segments, TARGET)
    each = (weights_of(linear) * x).sum(1)
    expected = torch.stack([(each * (segments == s)).sum((1, 2)) for s in range(6)], 1)
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(map[1, 7, 4], expected[1, 4])


def test_lime_equals_a_weighted_regression(net, x):
    from sklearn.linear_model import Ridge

    torch.manual_seed(4)
    segments = torch.arange(80).view(10, 8) // 16  # 5 segments of 16 pixels
    _, found = make("vis_lime", net, grid=(1, 5), samples=50, ridge=0.5, kernel_width=0.4)(
        x[:1], segments[None], TARGET[:1]
    )
    torch.manual_seed(4)
    z = torch.rand(50, 5) < 0.5
    z[0] = True
    means = torch.zeros_like(x[0])
    for s in range(5):
        means[:, segments == s] = x[0][:, segments == s].mean(1, keepdim=True)
    images = torch.stack([torch.where(row[segments], x[0], means) for row in z])
    scores = net(images)[:, TARGET[0]].detach().numpy()
    cosine = F.cosine_similarity(z.double(), torch.ones(1, 5).double()).numpy()
    kernel = np.exp(-((1 - cosine) ** 2) / 0.4**2)
    expected = Ridge(alpha=0.5).fit(z.numpy(), scores, kernel).coef_
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-6)


def test_superpixels_follow_colours():
    from components.attribution._superpixels import superpixels

    image = torch.zeros(1, 1, 12, 12)
    image[:, :, :, 5:] = 1.0  # the border stands aside of the cells' border at 6
    regions = superpixels(image, 2, 2)[0]
    assert regions.shape == (12, 12) and set(regions.unique().tolist()) <= {0, 1, 2, 3}
    assert not set(regions[:, :5].unique().tolist()) & set(regions[:, 5:].unique().tolist())


# ------------------------------------------------------------------ feature maps


def test_cam_adds_up_to_the_logit(x):
    classifier = nn.Linear(2, 5).double()
    map = components.create("vis_cam", classifier=classifier)(x, TARGET)
    torch.testing.assert_close(map, torch.einsum("bkhw,bk->bhw", x, classifier.weight[TARGET]).detach())
    logits = classifier(x.mean((2, 3)))
    total = map.mean((1, 2)) + classifier.bias[TARGET]
    torch.testing.assert_close(total, logits.gather(1, TARGET[:, None])[:, 0])
    predicted = components.create("vis_cam", classifier=classifier)(x)
    torch.testing.assert_close(predicted, components.create("vis_cam", classifier=classifier)(x, logits.argmax(1)))


def test_grad_cam_equals_captum(net, x):
    expected = captum.attr.LayerGradCam(net, net.relu2).attribute(x, TARGET, relu_attributions=True)
    torch.testing.assert_close(parts("vis_grad_cam", net)(x, TARGET), expected.detach()[:, 0])


def test_grad_cam_of_averaged_maps_is_cam(x):
    classifier = nn.Linear(2, 5).double()
    found = components.create("vis_grad_cam", backbone=lambda x: x, head=lambda m: classifier(m.mean((2, 3))))(
        x, TARGET
    )
    cam = components.create("vis_cam", classifier=classifier)(x, TARGET)
    torch.testing.assert_close(found, cam.relu() / 80)


def test_grad_cam_plus_plus_equals_the_formula(net, x):
    found = parts("vis_grad_cam_pp", net)(x, TARGET)
    maps = net.backbone(x).detach().requires_grad_()
    exponential = net.head(maps).gather(1, TARGET[:, None]).exp()
    (first,) = torch.autograd.grad(exponential.sum(), maps)
    slope = first / exponential.detach()[:, :, None, None]  # of exp(S), derivatives are powers of that of S
    expected = torch.zeros(2, 3, 2, dtype=torch.float64)
    for b in range(2):
        for k in range(6):
            weight = 0.0
            for g in slope[b, k].flatten().tolist():
                if g > 0:
                    weight += g**2 / (2 * g**2 + float(maps[b, k].detach().sum()) * g**3) * g
            expected[b] += weight * maps[b, k].detach()
    assert expected.max() > 0
    torch.testing.assert_close(found, expected.relu())


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_guided_grad_cam_equals_captum(net, x):
    reference = captum.attr.GuidedGradCam(net, net.relu2)
    expected = reference.attribute(x.clone().requires_grad_(), TARGET, interpolate_mode="bilinear")
    torch.testing.assert_close(parts("vis_guided_grad_cam", net)(x, TARGET), expected.detach())


def test_score_cam_equals_the_algorithm(net, x):
    found = parts("vis_score_cam", net)(x, TARGET)
    maps = net.backbone(x).detach()
    for b in range(2):
        scores = []
        for k in range(6):
            large = LayerAttribution.interpolate(maps[b : b + 1, k : k + 1], (10, 8), "bilinear")
            span = large.max() - large.min()
            mask = (large - large.min()) / span if span > 0 else torch.zeros_like(large)
            scores.append(float((net(x[b : b + 1] * mask) - net(0 * x[b : b + 1])).detach()[0, TARGET[b]]))
        share = torch.tensor(scores, dtype=torch.float64).softmax(0)
        torch.testing.assert_close(found[b], (share[:, None, None] * maps[b]).sum(0).relu())


# ------------------------------------------------------------------ images that are found


def test_the_best_image_of_a_linear_unit_is_its_weight(linear, x):
    torch.manual_seed(0)
    found = components.create(
        "vis_activation_maximization", model=linear, neuron=2, steps=150, lr=0.1, l2=0.5, range=None
    )(x)
    weight = linear.get_parameter("1.weight")[2].detach().view(1, 2, 10, 8)  # the derivative of w x - 0.5 x^2 is 0 at w
    torch.testing.assert_close(found, weight.expand_as(found), rtol=0, atol=2e-3)


def test_the_activation_rises_with_the_steps(net, x):
    means = []
    for steps in (1, 10, 60):
        torch.manual_seed(0)
        image = components.create("vis_activation_maximization", model=net.backbone, neuron=1, steps=steps)(x)
        assert image.min() >= 0 and image.max() <= 1
        means.append(float(net.backbone(image)[:, 1].mean().detach()))
    assert means[0] < means[1] < means[2]


def test_smoothness_and_jitter_change_the_image(net, x):
    def rough(**params: object) -> float:
        torch.manual_seed(0)
        image = components.create("vis_activation_maximization", model=net, steps=12, **params)(x)
        return float(image.diff(dim=2).square().mean())

    assert rough(smoothness=50.0) < 0.9 * rough()
    assert rough(roll=2) != rough()


def test_a_unit_that_is_not_there_is_refused(net, x):
    with pytest.raises(ValueError, match="unit 4 needs values"):
        components.create("vis_activation_maximization", model=net, neuron=4)(x)
    with pytest.raises(ValueError, match="first below the second"):
        components.create("vis_activation_maximization", model=net, range=(1.0, 0.0))


def test_features_that_hold_everything_give_the_image_back(x):
    scale = nn.Conv2d(2, 2, 1).double()
    torch.manual_seed(0)
    found = components.create("vis_feature_inversion", model=scale, steps=150, lr=0.3, smoothness=0.0, range=None)(x)
    torch.testing.assert_close(found, x, rtol=0, atol=0.05)


def test_what_features_lose_is_not_found_again(x):
    torch.manual_seed(0)
    image = x.sigmoid()
    mean = components.create("vis_feature_inversion", model=lambda z: z.mean((2, 3)), steps=100)(image)
    torch.testing.assert_close(mean.mean((2, 3)), image.mean((2, 3)), rtol=0, atol=5e-3)
    assert (mean - image).abs().mean() > 0.1


def test_models_of_another_shape_are_refused(net, x):
    with pytest.raises(ValueError, match=r"logits \(B, K\)"):
        make("vis_saliency", net.backbone)(x)
    with pytest.raises(ValueError, match="feature maps"):
        components.create("vis_grad_cam", backbone=net, head=net.head)(x)
