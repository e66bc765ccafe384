"""The views by topic, in the order in which they are best looked at. A new view is an entry of its topic's file."""

from builder.inspect.catalogue import (
    answers,
    attention,
    attribution,
    cascade,
    class_activation,
    depth,
    generation,
    health,
    representation,
    splits,
    training,
    units,
    values,
)
from builder.inspect.catalogue.spec import About, Request, Topic, View

TOPICS: tuple[Topic, ...] = (
    Topic("answer", "Sample and answer", "样本与答案", (values.SAMPLE, *answers.VIEWS)),
    Topic("inside", "Inside", "网络内部", values.VIEWS),
    Topic("attention", "Attention", "注意力", attention.VIEWS),
    Topic("units", "Units", "单元", units.VIEWS),
    Topic("attribution", "Attribution", "归因", (*class_activation.VIEWS, *attribution.VIEWS, *cascade.VIEWS)),
    Topic("splits", "Whole split", "整个划分", splits.VIEWS),
    Topic("representation", "Representation", "表示", (*representation.VIEWS, *depth.VIEWS)),
    Topic("generation", "Generation", "生成", generation.VIEWS),
    Topic("training", "Training", "训练", (*health.VIEWS, *training.VIEWS)),
)

VIEWS: tuple[View, ...] = tuple(view for topic in TOPICS for view in topic.views)

__all__ = ["TOPICS", "VIEWS", "About", "Request", "Topic", "View"]
