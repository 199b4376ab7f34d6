//! The results as JUnit XML, which CI systems show: a suite for each rule file, a case for each example and scenario.

use std::collections::BTreeMap;
use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::report::terminal;

use super::{Case, Tested};

/// Writes the results. They hold no time and no random id, so that equal results are equal bytes.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_junit(tested: &Tested, out: &mut dyn io::Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &tested.cases {
        suites.entry(&case.place.file).or_default().push(case);
    }
    let mut report = Report::new("dagnosis rules test");
    for (file, cases) in suites {
        let mut suite = TestSuite::new(file);
        for case in cases {
            let status = case.failure.as_ref().map_or_else(TestCaseStatus::success, |failure| {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                // XML has no way to write a control character: they are shown as at a terminal.
                let says = failure.split('\n').map(terminal).collect::<Vec<_>>().join("\n");
                status.set_message(says.lines().next().unwrap_or_default()).set_description(says.as_str());
                status
            });
            let mut test_case = TestCase::new(format!("{} {}", case.id, case.what), status);
            test_case.set_classname(file);
            test_case.extra.insert("line".into(), case.place.line.to_string().into());
            suite.add_test_case(test_case);
        }
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}
