"""Texts of the sample that is looked at, in English and Chinese."""

from __future__ import annotations

SAMPLE_TEXTS: dict[str, tuple[str, str]] = {
    "sample": ("Sample", "样本"),
    "sample_way": ("Where from", "来源"),
    "sample_data": ("From the data", "来自数据"),
    "sample_own": ("My own", "自己的"),
    "sample_split": ("Split", "数据划分"),
    "sample_number": ("Number (0 to {n})", "编号（0 至 {n}）"),
    "sample_random": ("Any other", "随机一个"),
    "sample_none": ("This split is empty.", "此划分为空。"),
    "sample_edit": ("Edit this one", "编辑此样本"),
    "sample_edit_help": (
        "Change a copy of it and watch what the model makes of it. The data stay as they are.",
        "修改它的副本，观察模型的反应。数据本身不变。",
    ),
    # a picture
    "own_image_way": ("How", "方式"),
    "own_way_draw": ("Draw", "绘制"),
    "own_way_file": ("File", "文件"),
    "own_over": ("Painting over: {sample}", "正在修改：{sample}"),
    "own_empty": ("Empty sheet", "空白画布"),
    "own_as_data": ("Size and place as in the data", "大小与位置同数据集"),
    "own_as_data_help": (
        "The drawing is cut out, scaled and centred the way the data set's own digits were. Off: it stays as drawn.",
        "将绘图裁出、缩放并居中，与数据集处理自身数字的方法相同。关闭则保持原样。",
    ),
    "own_image": ("Image", "图像"),
    "own_fit": ("Other proportions", "比例不同时"),
    "fit_pad": ("fill up", "填充"),
    "fit_stretch": ("stretch", "拉伸"),
    "fit_crop": ("cut", "裁剪"),
    "fit_ink": ("cut out and centre the digit", "裁出数字并居中"),
    "own_invert": ("Swap light and dark", "反转明暗"),
    "own_invert_help": (
        "For a pen on white paper, where the model learned white on black",
        "模型学习的是黑底白字、而图像是白纸黑字时使用",
    ),
    # the sheet
    "pad_sheet": ("Sheet to draw on", "画布"),
    "pad_tools": ("Drawing tools", "绘图工具"),
    "pad_pen": ("Pen", "画笔"),
    "pad_eraser": ("Eraser (E)", "橡皮（E）"),
    "pad_colour": ("Colour of the pen", "画笔颜色"),
    "pad_width": ("Width of the pen ([ and ])", "笔宽（[ 与 ]）"),
    "pad_undo": ("Undo (Ctrl+Z)", "撤销（Ctrl+Z）"),
    "pad_redo": ("Redo (Ctrl+Shift+Z)", "重做（Ctrl+Shift+Z）"),
    "pad_clear": ("Clear (Delete)", "清空（Delete）"),
    "pad_cleared": ("Cleared", "已清空"),
    "pad_seen": ("What the model sees", "模型看到的图像"),
    "pad_keys": (
        "Arrow keys move the pen (with Shift faster), Space sets it down and lifts it.",
        "方向键移动画笔（按住 Shift 更快），空格键落笔或抬笔。",
    ),
    "pad_up": ("Pen lifted:", "抬笔："),
    "pad_down": ("Pen down:", "落笔："),
    # a text
    "own_text": ("Text", "文本"),
    "reading_tokens": ("{n} tokens", "{n} 个词元"),
    "reading_unknown": ("Not in the vocabulary: {tokens}", "不在词表内：{tokens}"),
    "reading_cut": (
        "The model reads {kept} of {n}; what is faded is left out.",
        "模型读取 {n} 个中的 {kept} 个，浅色部分被略去。",
    ),
    # numbers
    "own_row": ("{n} numbers", "{n} 个数"),
    "own_series": ("A line for each step ({n})", "每步一行（{n}）"),
    "own_row_medians": ("Medians of the training data", "训练数据的中位数"),
    "own_row_outside": (
        "Training has seen nothing like it: {features}",
        "超出训练数据的范围：{features}",
    ),
}
