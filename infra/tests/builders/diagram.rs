//! Pictures: what is on them.

use mcp_lambda_infra::aws::{sns, sqs};
use mcp_lambda_infra::core::*;
use mcp_lambda_infra::diagram;

use crate::{pinned, template, thumbnails};

#[test]
fn the_example_is_drawn() {
    let template = thumbnails::template().expect("a template");
    pinned("infra-thumbnails-mermaid", &diagram::mermaid(&template));
}

#[test]
fn arrows_are_references_of_every_kind_once() {
    let template = template(|template| {
        let on = template.parameter("On", Parameter::flag(true))?;
        let on = template.condition("IsOn", on.equals("true"))?;
        let queue = template.add_when(&on, "Queue", sqs::Queue::new())?;
        let name = sub!("${a}-${b}", a = queue.queue_name(), b = queue.arn());
        template.add("Sub", sns::Topic::new().topic_name(name))?;
        template.add("Depends", sns::Topic::new().depends_on(&queue))?;
        template.add("If", sns::Topic::new().topic_name(on.only(queue.queue_name())))?;
        template.add("end", sns::Topic::new())?;
        Ok(())
    });
    assert_eq!(
        diagram::mermaid(&template),
        "flowchart LR
    subgraph service_SQS [\"SQS\"]
        Queue[\"Queue<br/>Queue\"]
    end
    subgraph service_SNS [\"SNS\"]
        Sub[\"Sub<br/>Topic\"]
        Depends[\"Depends<br/>Topic\"]
        If[\"If<br/>Topic\"]
        end_[\"end<br/>Topic\"]
    end
    Sub --> Queue
    Depends --> Queue
    If --> Queue
    classDef conditional stroke-dasharray: 4 3
    class Queue conditional
"
    );
    let svg = diagram::svg(&template);
    assert_eq!(svg.matches(" uses Queue</title>").count(), 3);
    assert_eq!(svg.matches("class=\"conditional\"").count(), 1);
}

#[test]
fn a_description_is_text() {
    let svg = diagram::svg(&Template::new("a < b & \"c\""));
    assert!(svg.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"), "{svg}");
}
