"""The reports' thirty claims as data: what was claimed, of which net, which recorded values bear on it, by which rule.

A part names the notebooks that may have measured it, the preferred one first; "training" stands for what `fer-keras
train` left in notebooks/results/. A part without a rule is shown beside the others and decides nothing.
"""

from dataclasses import dataclass, field

from fer_keras.claims.rules import Rule, above_zero, at_least, below_zero, counted, holds, reaches


@dataclass(frozen=True)
class Part:
    measured: str  # what the first value is, for readers
    notebooks: str | tuple[str, ...]
    value: str  # the name under which it is recorded
    rule: Rule | None = None
    net: str | None = None  # whose result is claimed, if not the claim's net; "": of no net at all
    needs: dict = field(default_factory=dict)  # what else must have been set so, by recorded name
    nets: dict[str, str] = field(default_factory=dict)  # all that are compared: where each is told of, and its name
    reason: bool = False  # one of several reasons that a report names: with the other reasons, one is enough
    way: str = ""  # what the ways of measuring one thing differ in, if this is one of several: all must agree


@dataclass(frozen=True)
class Claim:
    number: int
    report: str
    net: str  # the report's own, which decides; "" where no net is spoken of
    text: str
    parts: tuple[Part, ...]
    drawn: bool = True  # can drawn faces decide it? not an absolute accuracy, confusions, or regions of the face
    note: str = ""  # how the claim is read, where that is not plain

    def net_of(self, part: Part) -> str:
        return self.net if part.net is None else part.net


CONFUSION, SALIENCY, FILTERS, MATHS = "21_confusion", "30_saliency", "31_filters", "40_mathematics"
ABLATION, DENSE, LABELS, LEAKAGE = "51_ablation", "12_cnn_vs_dnn", "52_labels", "50_leakage"
TRAINED = ("training", "10_architecture")
THEIRS = {"judged_split": "randomly held out"}  # a random tenth of Training, copies and all, as in the reports
OUT_OF_FOLD = {"judged_split": "Training"}  # each face answered by a net that had not seen it, all folds together
PAIR_B = {"cnn_1m": "cnn_1m", "dnn_narrow_named": "dnn_narrow"}
PAIR_E = {"vgg16_bn": "vgg16_bn", "dnn_deep_equal_plain": "dnn_deep"}
MIDDLE = {"middle": "cnn_pyramid"}  # 51 tells of report C's net and its rivals apart from the net that it varies
HOW_FAR = "how far it is trained"
ASCENT = {"steps": 200, "top_layer": "block4_pool", "map_layer": "block2_pool"}
TERMS = {"x_hat": "∂L/∂x̂ᵢ", "variance": "∂L/∂σ²", "mean": "∂L/∂μ", "x": "∂L/∂xᵢ", "gamma": "∂L/∂γ", "beta": "∂L/∂β"}
EASILY = "Easily: more than the average of its kind."

CLAIMS = (
    Claim(1, "A", "cnn_leaky",
          "Four conv blocks reach 0.967 validation accuracy in 14 epochs, above training accuracy in 13.", (
        Part("validation accuracy, held out at random", TRAINED, "cnn_leaky_validation_accuracy", reaches(0.967),
             needs=THEIRS),
        Part("epochs with validation above", ("training", "11_history"), "cnn_leaky_epochs_validation_above",
             at_least(13, exact=True), needs=THEIRS),
        Part("accuracy on PublicTest", "training", "cnn_leaky_public_accuracy"),
        Part("accuracy on validation faces put into training", LEAKAGE, "leaky_validation_accuracy"),
        Part("epochs above with these", LEAKAGE, "leaky_epochs_above"),
    ), drawn=False),
    Claim(2, "A", "cnn_leaky", "Fear is the easiest class to confuse.", (
        Part("by how much its recall lies under the next lowest", CONFUSION, "fear_recall_lead", above_zero(),
             needs=OUT_OF_FOLD),
        Part("recall of fear", CONFUSION, "fear_recall"),
    ), drawn=False, note="The emotion with the lowest recall."),
    Claim(3, "A", "cnn_leaky", "Saliency sits on the eyes and the mouth.", (
        Part("share of saliency beyond their share of the picture", SALIENCY, "eyes_mouth_excess", above_zero()),
        Part("the same beyond what untrained nets have there", SALIENCY, "eyes_mouth_over_untrained", above_zero()),
    ), drawn=False, note="More than their share of the picture, and more than in untrained nets."),
    Claim(4, "A", "", "Its formula for a convolution's output shape (without a floor) is right.", (
        Part("settings in which it gives the right shape", MATHS, "shape_without_floor_share", holds()),
    )),
    Claim(5, "A", "", "Its six batch-norm gradients are right.", tuple(
        Part(f"{term} found right", MATHS, f"batch_norm_{name}_holds", holds()) for name, term in TERMS.items()
    )),
    Claim(6, "A", "", "∂L_t/∂z_t = ŷ_t − y_t for the single term L_t = −y_t log ŷ_t.", (
        Part("pairs of a face and an emotion for which it holds", MATHS, "claim_6_share", holds()),
    )),
    Claim(7, "B", "cnn_1m", "A CNN of about 1 M parameters reaches about 63 %.", (
        Part("validation accuracy of cnn_1m", TRAINED, "cnn_1m_validation_accuracy", reaches(0.63), needs=THEIRS),
        Part("its parameters", TRAINED, "cnn_1m_parameters", counted(1_000_000, 30_000), net=""),
        Part("without faces that have a copy in training", "training", "cnn_1m_accuracy_without_duplicates"),
        Part("on PublicTest", "training", "cnn_1m_public_accuracy"),
    ), drawn=False, note="The epoch was chosen on the faces that judge, as its recipe says."),
    Claim(8, "B", "", "Its DNN has about as many parameters as its CNN.", (
        Part("parameters of the DNN for each of the CNN's", DENSE, "report_b_ratio", counted(1, 0.03)),
    ), note="The question asks for that; the report does not say it in so many words."),
    Claim(9, "B", "cnn_1m", "The DNN does far worse than the CNN.", (
        Part("accuracy of cnn_1m minus dnn_narrow", ("training", DENSE), "cnn_1m_over_dnn_narrow_named",
             at_least(0.1), nets=PAIR_B),
        Part("accuracy of dnn_narrow", DENSE, "dnn_narrow_named_judged_accuracy"),
        Part("lead over a dense net of equal size", DENSE, "cnn_1m_over_dnn_narrow_equal_plain"),
    ), note="Far worse: by 0.10 or more."),
    Claim(10, "B", "cnn_1m", "Mirroring the faces up-down or left-right is a useful augmentation.", (
        Part("what either mirror adds to the accuracy", ABLATION, "flip_either_difference", above_zero()),
        Part("left-right alone", ABLATION, "flip_sideways_difference"),
        Part("up-down alone", ABLATION, "flip_upside_down_difference"),
    ), note="Against the same recipe without mirrors."),
    Claim(11, "B", "cnn_1m", "Sad/angry and fear/neutral are confused most.", (
        *(Part(f"{pair}: by how much it is ahead of all but one of the other pairs", CONFUSION, f"{name}_lead",
               above_zero(), needs=OUT_OF_FOLD)
          for pair, name in (("sad/angry", "angry_sad"), ("fear/neutral", "fear_neutral"))),
    ), drawn=False, note="Share of the two emotions' faces that are taken for each other, among 21 pairs."),
    Claim(12, "B", "cnn_1m", "Saliency sits on the mouth corners and the eyes.", (
        Part("share of saliency beyond their share of the picture", SALIENCY, "eyes_corners_excess", above_zero()),
        Part("the same beyond what untrained nets have there", SALIENCY, "eyes_corners_over_untrained", above_zero()),
        Part("share of saliency there", SALIENCY, "eyes_corners_share"),
    ), drawn=False),
    Claim(13, "B", "cnn_1m", "Some filters of its layer 16 answer to horizontal or vertical structure.", (
        Part("share of filters whose pictures are so striped, beyond untrained nets'", FILTERS,
             "upright_over_untrained_share", above_zero()),
        Part("that share", FILTERS, "upright_trained_share"),
    ), note="Pictures from gradient ascent, half their energy in that direction; more of them than untrained."),
    Claim(14, "C", "cnn_pyramid", "319,975 parameters reach a validation accuracy of 0.651.", (
        Part("validation accuracy of cnn_pyramid", TRAINED, "cnn_pyramid_validation_accuracy", reaches(0.651),
             needs=THEIRS),
        Part("on PublicTest", "training", "cnn_pyramid_public_accuracy"),
        Part("parameters", TRAINED, "cnn_pyramid_parameters", counted(319_975), net=""),
    ), drawn=False),
    Claim(15, "C", "cnn_pyramid", "More and larger (5×5) filters in the middle layers help.", (
        Part("what larger ones add, against even kernels", ABLATION, "larger_in_the_middle_gain", above_zero(),
             nets=MIDDLE),
        Part("what more add, against even numbers", ABLATION, "more_in_the_middle_gain", above_zero(), nets=MIDDLE),
        Part("larger in the middle, against outside", ABLATION, "larger_in_the_middle_gain_over_reversed",
             nets=MIDDLE),
        Part("more in the middle, against outside", ABLATION, "more_in_the_middle_gain_over_reversed", nets=MIDDLE),
    ), note="An intention, read as: that helps. At equal parameters."),
    Claim(16, "C", "cnn_pyramid", "Batch norm makes gradient descent faster.", (
        Part("epochs saved to the same training loss", ("training", ABLATION), "batch_norm_saves_epochs", above_zero()),
    )),
    Claim(17, "C", "cnn_pyramid", "Dropout reduces over-fitting.", (
        Part("by how much it closes the gap between training and validation faces, in equal epochs",
             ("training", ABLATION), "dropout_closes", above_zero(), way=HOW_FAR),
        Part("the same at an equal training loss", ("training", ABLATION), "dropout_closes_at_equal_loss",
             above_zero(), way=HOW_FAR),
    ), note="Without dropout a loss is reached in fewer epochs, so both ways of comparing must agree."),
    Claim(18, "C", "cnn_pyramid", "Fear and angry are easily misjudged, most often as sad; fear's answers spread most, "
          "perhaps because people differ most in it or its muscles move little.", (
        *(Part(f"(a) by how much {each} is found less often than the average", CONFUSION,
               f"{each}_recall_under_average", above_zero(), needs=OUT_OF_FOLD) for each in ("fear", "angry")),
        *(Part(f"(b) by how much {each} is taken for sad more often than for the next", CONFUSION,
               f"{each}_as_sad_lead", above_zero(), needs=OUT_OF_FOLD) for each in ("fear", "angry")),
        Part("(c) bits by which the answers to fear spread more than the next", CONFUSION, "fear_entropy_lead",
             above_zero(), needs=OUT_OF_FOLD),
        Part("(d) by how much the faces of fear spread more than the next", CONFUSION, "fear_spread_pixels_lead",
             above_zero(), net="", reason=True),
        Part("(d) by how much fear is nearer to neutral than the next", CONFUSION, "fear_nearness_pixels_lead",
             above_zero(), net="", reason=True),
        Part("spread in the net's features", CONFUSION, "fear_features_spread"),
        Part("distance in the net's features", CONFUSION, "fear_features_from_neutral"),
    ), drawn=False, note=EASILY + " In (d) one of the two reasons is enough."),
    Claim(19, "C", "cnn_pyramid", "Salient pixels lie on the face, but not always where the expression is, perhaps "
          "only because it is brighter there; preprocessing may mend it, training more so: outlines get clearer.", (
        Part("(a) share on the face beyond its area", SALIENCY, "face_excess", above_zero()),
        Part("(a) rank correlation with brightness", SALIENCY, "brightness_trained", above_zero()),
        Part("(a) share on the forehead beyond its area", SALIENCY, "forehead_excess"),
        Part("(b) what standardising changes in the correlation", SALIENCY, "standardising_change", below_zero()),
        Part("(c) what training adds to the correlation with outlines", SALIENCY, "training_outlines_change",
             above_zero()),
        Part("(c) how much more training changes in that with brightness than standardising does", SALIENCY,
             "training_over_standardising_change", below_zero()),
    ), drawn=False),
    Claim(20, "C", "cnn_pyramid", "The last conv layer's maps show blobs at the places of facial parts.", (
        Part("share of the maps' maxima there, beyond chance", FILTERS, "peaks_late_trained_beyond_chance",
             above_zero()),
        Part("the same beyond untrained nets'", FILTERS, "peaks_late_over_untrained_beyond_chance", above_zero()),
    ), drawn=False, note="Parts: brows, eyes, nose and mouth; more than by chance, and than in untrained nets."),
    Claim(21, "C", "", "A convolution's output is ⌊(W + 2p − k)/s⌋ + 1 wide, likewise high, with C_out maps.", (
        Part("settings in which it gives the right shape", MATHS, "shape_with_floor_share", holds()),
    )),
    Claim(22, "C", "", "∂L/∂z_t = ŷ_t − y_t for the summed loss; for the single term it is −y_t(1 − ŷ_t).", (
        Part("the first", MATHS, "claim_22_sum_holds", holds()),
        Part("the second", MATHS, "claim_22_term_holds", holds()),
    )),
    Claim(23, "D", "cnn_fc3", "Fear vs sad and fear vs neutral are confused relatively easily.", (
        *(Part(f"fear/{other}: its two cells beyond the average of all 42", CONFUSION,
               f"fear_{other}_beyond_average", above_zero(), needs=OUT_OF_FOLD) for other in ("sad", "neutral")),
    ), drawn=False, note=EASILY),
    Claim(24, "E", "vgg16_bn", "VGG16 with batch norm can reach about 0.7 in 20-fold cross-validation.", (
        Part("accuracy, pooled out of fold", "20_kfold", "pooled_accuracy", reaches(0.7), needs={"folds": 20}),
        Part("the best fold", "20_kfold", "best_fold_accuracy"),
    ), drawn=False, note="Whether 0.7 is the mean or the best fold is not said; pooled it is nearly the mean."),
    Claim(25, "E", "vgg16_bn", "With batch norm validation accuracy is always above training accuracy, perhaps because "
          "only training data is augmented.", (
        Part("share of epochs with validation above", ABLATION, "as_it_is_share_validation_above", counted(1)),
        Part("by how much augmentation's part of the gap is ahead of the next", ABLATION,
             "as_it_is_gap_augmentation_lead", above_zero()),
        Part("augmentation's part of the gap", ABLATION, "as_it_is_gap_augmentation", above_zero()),
    )),
    Claim(26, "E", "dnn_deep", "A dense net of equal size gets about 0.5 in validation and nearly 1.0 in training; the "
          "CNN's gap is smaller.", (
        Part("validation accuracy of dnn_deep", TRAINED, "dnn_deep_validation_accuracy", reaches(0.5),
             needs=THEIRS),
        Part("its training accuracy", TRAINED, "dnn_deep_logged_training_accuracy",
             at_least(0.95, exact=True)),
        Part("how much wider its gap is than the CNN's", DENSE, "dnn_deep_gap_wider", above_zero(),
             nets=PAIR_E),
    ), drawn=False),
    Claim(27, "E", "dnn_deep", "Dropout brings the dense net closer to the CNN.", (
        Part("share of the CNN's lead that it closes", DENSE, "dnn_deep_dropout_closes", above_zero(),
             nets=PAIR_E),
        Part("the same for report B's pair", DENSE, "dnn_narrow_dropout_closes"),
    ), note="The report asks how close."),
    Claim(28, "E", "vgg16_bn", "Angry, disgust and sad are easily confused with neutral, fear is easily taken for sad "
          "or surprise; emotions are mixtures.", (
        *(Part(f"{emotion} taken for neutral, beyond its other mistakes", CONFUSION,
               f"{emotion}_as_neutral_beyond_average", above_zero(), needs=OUT_OF_FOLD)
          for emotion in ("angry", "disgust", "sad")),
        *(Part(f"fear taken for {other}, beyond its other mistakes", CONFUSION, f"fear_as_{other}_beyond_average",
               above_zero(), needs=OUT_OF_FOLD, reason=True) for other in ("sad", "surprise")),
        Part("correlation of the net's mistakes with the raters' votes", LABELS, "confusion_correlation",
             above_zero()),
        Part("how much larger the lead over always one emotion is where raters agree", LABELS,
             "agreed_over_disputed_lead", above_zero()),
        Part("labels that won the vote", LABELS, "votes_agree", net=""),
    ), drawn=False, note=EASILY + " Sad or surprise is enough."),
    Claim(29, "E", "vgg16_bn", "Masked saliency of happy faces sits on the cheeks, not on eyes and mouth.", (
        Part("share on the cheeks minus eyes and mouth, beyond what their areas make", SALIENCY,
             "happy_cheeks_lead_beyond_area", above_zero()),
        Part("the same without regard to area", SALIENCY, "happy_cheeks_lead"),
    ), drawn=False),
    Claim(30, "E", "vgg16_bn", "200 steps of ascent from noise at block4_pool show no face, the maps after block2_pool "
          "do; starting from noise may be the reason.", (
        Part("likeness to a face that pictures from noise lack", FILTERS, "from_noise_falls_short", above_zero(),
             needs=ASCENT),
        Part("how much more like a face the maps are than those pictures", FILTERS, "maps_over_noise", above_zero(),
             needs=ASCENT),
        Part("the same, than maps of untrained nets", FILTERS, "maps_over_untrained", above_zero(), needs=ASCENT),
        Part("what beginning at the mean face adds to holding pictures smooth", FILTERS, "mean_face_over_smooth",
             above_zero(), needs=ASCENT),
    ), note="Likeness: correlation with the mean face. Pictures that begin at it begin with 1, and must lose it."),
)  # fmt: skip
