import pytest

from fer_keras.nets.build import BUILDERS
from fer_keras.nets.recipes import RECIPES, Recipe
from fer_keras.training.train import recipe_of


def test_every_net_has_a_recipe():
    assert list(RECIPES) == [*BUILDERS, "own"]


def test_what_the_reports_state():
    a, b, dense, c = (RECIPES[name] for name in ("cnn_leaky", "cnn_1m", "dnn_narrow", "cnn_pyramid"))
    assert a.epochs == 14 and a.checkpoints == (11, 12, 13, 14)
    assert (b.epochs, b.batch_size, b.optimizer, b.flip, b.coin) == (30, 128, "adam", "either", "epoch")
    assert [b.rate(epoch) for epoch in (1, 10, 11, 30)] == [0.01, 0.01, 0.002, 0.002]
    assert (dense.epochs, dense.batch_size, dense.rate(35), dense.flip) == (35, 128, 0.002, "either")
    assert (c.rate(1), c.optimizer, c.optimizer_options) == (0.001, "adam", {"beta_1": 0.9, "beta_2": 0.99})
    assert c.until == {"loss": 0.6485, "accuracy": 0.7597}
    of_c = (c.rate(1), c.optimizer, c.optimizer_options)
    for name in ("cnn_3layer", "own"):
        assert (RECIPES[name].rate(1), RECIPES[name].optimizer, RECIPES[name].optimizer_options) == of_c
    assert RECIPES["vgg16_bn"].flip and RECIPES["vgg16_bn"].shift


def test_every_field_can_be_changed_and_the_recipe_itself_stays():
    changed = RECIPES["cnn_1m"].changed(epochs=3, learning_rate=0.1, coin="face")
    assert (changed.epochs, changed.rate(20), changed.coin) == (3, 0.1, "face")
    assert RECIPES["cnn_1m"].epochs == 30


def test_0_epochs_or_faces_a_batch_mean_the_recipes_own():
    for recipe in (RECIPES["cnn_leaky"], Recipe(epochs=7, batch_size=32)):
        assert recipe.changed(epochs=0, batch_size=0) == recipe
        assert recipe.changed(epochs=0, shift=0.2) == recipe.changed(shift=0.2)
    with pytest.raises(ValueError, match="epochs is a whole number above 0, not False"):
        Recipe(epochs=1).changed(epochs=False)


def test_a_training_has_come_as_far_as_asked_when_loss_and_accuracy_have():
    plan = Recipe(epochs=9, until={"loss": 0.65, "accuracy": 0.75})
    found = [plan.reached([{"loss": loss, "accuracy": right}]) for loss, right in ((0.6, 0.7), (0.7, 0.8), (0.6, 0.8))]
    assert found == [False, False, True]
    assert not plan.reached([]) and not Recipe(epochs=9).reached([{"loss": 0.1, "accuracy": 0.9}])
    assert plan.changed(epochs=0).until and not plan.changed(epochs=5).until
    assert plan.changed(epochs=5, until={"loss": 0.5}).until == {"loss": 0.5}


def test_settings_leave_out_what_is_usual_so_that_new_fields_rename_no_run():
    assert Recipe(epochs=5).settings() == {"epochs": 5}
    assert Recipe(epochs=5, flip="horizontal").settings() == {"epochs": 5, "flip": "horizontal"}
    assert RECIPES["dnn_narrow"].settings() == {
        "epochs": 35, "learning_rate": 0.002, "flip": "either", "coin": "epoch", "keep": "best"
    }  # fmt: skip


def test_sizes_divide_the_epochs_into_phases():
    assert Recipe(epochs=9).phases() == [(48, 9)]
    assert Recipe(epochs=24, sizes={0: 32, 0.66: 48}).phases() == [(32, 16), (48, 24)]
    assert Recipe(epochs=9, sizes={0.5: 32, 0: 24, 0.8: 48}).phases() == [(24, 4), (32, 7), (48, 9)]
    assert Recipe(epochs=1, sizes={0: 32, 0.66: 48}).phases() == [(32, 1)]
    assert Recipe(epochs=1, sizes={0: 32, 0.4: 48}).phases() == [(48, 1)]


def test_targets_are_shares_where_votes_mixup_or_smoothing_ask_for_them(drawn):
    assert not Recipe(epochs=1).shares and Recipe(epochs=1).batches(drawn, 0).targets.ndim == 1
    for changes in ({"label_smoothing": 0.1}, {"mixup": 0.2}, {"targets": "votes"}):
        plan = Recipe(epochs=1, **changes)
        assert plan.shares and plan.batches(drawn, 0).targets.shape == (len(drawn), 7)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Recipe(epochs=0), "epochs is a whole number above 0, not 0"),
        (lambda: Recipe(epochs=2.5), "epochs is a whole number above 0, not 2.5"),
        (lambda: Recipe(epochs=1, batch_size="big"), "batch_size is a whole number above 0, not 'big'"),
        (lambda: Recipe(epochs=1, learning_rate={1: 0.1, 5: -1}), "learning_rate is a number above 0, .* not {1"),
        (lambda: Recipe(epochs=1, learning_rate=float("inf")), "learning_rate is a number above 0, .* not inf"),
        (lambda: Recipe(epochs=True), "epochs is a whole number above 0, not True"),
        (lambda: Recipe(epochs=9, checkpoints=(10,)), "checkpoints is a list of epochs from 1 to 9"),
        (lambda: Recipe(epochs=9, checkpoints=3), "checkpoints is a list"),
        (lambda: Recipe(epochs=1, shift="big"), "shift is a number, not 'big'"),
        (lambda: Recipe(epochs=1, optimizer=3), "optimizer is a name, not 3"),
        (lambda: Recipe(epochs=9, learning_rate={2: 0.1}), "by epochs from 1 on, not {2"),
        (lambda: Recipe(epochs=1, zoom=None), "zoom is a number, not None"),
        (lambda: Recipe(epochs=1, label_smoothing=1), "label_smoothing is a share from 0 to below 1, not 1"),
        (lambda: Recipe(epochs=1, warm_up=-1), "warm_up is a share from 0 to below 1, or None, not -1"),
        (lambda: Recipe(epochs=9, warm_up=0.1, learning_rate={1: 0.1, 5: 0.01}), "warm_up is for one learning rate"),
        (lambda: Recipe(epochs=9, sizes={0.5: 32}), "sizes is a table such as .* shares of the epochs"),
        (lambda: Recipe(epochs=9, sizes={0: 64}), "sizes is a table"),
        (lambda: Recipe(epochs=1, keep="worst"), "keep is one of last or best, not 'worst'"),
        (lambda: Recipe(epochs=1, start="torch"), "start is one of keras or pytorch, not 'torch'"),
        (lambda: Recipe(epochs=1, until={"val_loss": 1}), "until is a loss or an accuracy, or both, above 0, not {"),
        (lambda: Recipe(epochs=1, until={"loss": 0}), "until is a loss or an accuracy"),
        (lambda: Recipe(epochs=1, targets="vote"), "targets is one of labels or votes, not 'vote'"),
        (lambda: Recipe(epochs=1).changed(epoch=2), "no field 'epoch'; it has epochs, batch_size"),
        (lambda: recipe_of("cnn_1m", "vgg19"), "no recipe is called 'vgg19'; there are cnn_leaky"),
    ],
)
def test_a_bad_recipe_is_refused_in_a_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
