//! The JSON Schema of a rule file, from the types that it is decoded to: editors check and complete rules with it while they are written.
//!
//! It knows the form only. That ids exist, expressions can be read and conditions can hold is told by `dagnosis rules lint`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::schema::FileSource;
use super::schema_condition::{PerName, PerNames};

impl JsonSchema for PerNames {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PerNames".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<PerName>();
        schemars::json_schema!({ "anyOf": [name, { "type": "array", "items": name }] })
    }
}

/// The schema (draft 2020-12) as indented JSON.
#[must_use]
pub fn json_schema() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<FileSource>();
    format!("{:#}\n", schema.as_value())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::super::builtin::FILES;
    use super::super::node::{Content, Node, Scalar};
    use super::super::yaml;
    use super::*;

    /// A tree as the JSON that an editor compares with the schema.
    fn json(node: &Node) -> Value {
        match &node.content {
            Content::Scalar(Scalar::Null) => Value::Null,
            Content::Scalar(Scalar::Bool(value)) => (*value).into(),
            Content::Scalar(Scalar::Whole(number)) => (*number).into(),
            Content::Scalar(Scalar::Number(number)) => (*number).into(),
            Content::Scalar(Scalar::Text(text)) => text.as_str().into(),
            Content::List(items) => items.iter().map(json).collect(),
            Content::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect(),
        }
    }

    fn read(text: &str) -> Option<Value> {
        yaml::read(text).ok().flatten().as_ref().map(json)
    }

    #[test]
    fn every_built_in_file_has_the_form_and_every_field_its_description() {
        let schema: Value = serde_json::from_str(&json_schema()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (name, text) in FILES {
            let errors: Vec<String> =
                validator.iter_errors(&read(text).unwrap()).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
        let objects = std::iter::once(&schema).chain(schema["$defs"].as_object().unwrap().values());
        for object in objects.filter(|object| object["type"] == "object") {
            assert_eq!(object["additionalProperties"], false, "{object:#}");
            for (name, field) in object["properties"].as_object().unwrap() {
                assert!(field["description"].as_str().is_some_and(|says| says.ends_with('.')), "{name}: {field:#}");
            }
        }
    }

    #[test]
    fn what_is_wrong_by_form_is_refused() {
        let schema: Value = serde_json::from_str(&json_schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        // Faults of the form, by a part of what is told of them; all others need more than the form to be seen.
        let of_form = [
            "unknown field",
            "unknown value",
            "the required field",
            "found ",
            "is a list",
            "a version of the rule format",
            "a rule file is a map",
            "`at_least: 0`",
            "with an empty list",
            "with an empty text",
            "an empty condition",
            "outside of 0.01 to 0.9",
            "both `weight` and `against`",
            "neither `weight` nor `against`",
            "an empty `when`",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
        let mut cases: Vec<(String, String, String)> = fs::read_dir(root.join("bad"))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let text = fs::read_to_string(&path).unwrap();
                (path.display().to_string(), text.clone(), text)
            })
            .collect();
        for case in fs::read_to_string(root.join("told.txt")).unwrap().split("\n### ").skip(1) {
            let (name, rest) = case.split_once('\n').unwrap();
            let (file, told) = rest.split_once(">>> told\n").unwrap();
            cases.push((name.to_owned(), file.to_owned(), told.to_owned()));
        }
        let mut refused = 0;
        for (name, file, told) in cases {
            let Some(value) = read(&file) else { continue };
            // JSON knows no difference between 1.0 and 1.
            if name != "a version with a point" && of_form.iter().any(|part| told.contains(part)) {
                assert!(!validator.is_valid(&value), "{name}");
                refused += 1;
            }
        }
        assert!(refused > 50, "{refused}");
    }
}
