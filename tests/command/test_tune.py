"""rowan tune: what it writes, an engine takes; what it must not write, it refuses before it measures."""
import json
import unittest

from support import CommandTest, full_effort_only


class Tune(CommandTest):
    SMALL = ("bench", "--rows", "2000", "--dim", "12", "--batch", "32", "--bag", "5", "--seconds", "0.02")

    def test_an_existing_file_is_kept(self):
        self.write("mine.tuning", b"mine")
        self.refuse("tune", self.path("mine.tuning"), expect=["exists already", "--force"])

    def test_a_folder_that_is_missing(self):
        self.refuse("tune", self.path("missing/machine.tuning"), expect=["cannot write", "No such file"])

    @full_effort_only
    def test_what_it_writes_is_taken(self):
        target = self.path("machine.tuning")
        report = self.succeed_json("tune", target)
        self.assertLess(report["seconds"], 60)
        self.assertEqual(report["file"], target)
        self.assertEqual(len(report["rules"]) + report["rules_not_measured"], 120)
        for rule in report["rules"]:
            self.assertGreaterEqual(rule["gain"], 1)
        taken = json.loads(self.succeed(*self.SMALL, "--json", environment={"ROWAN_TUNING": target}))
        self.assertEqual(taken["tuning"], target[-95:])

    def test_a_tuning_that_cannot_be_used_is_warned_of(self):
        wrong = self.write("wrong.tuning", b"no tuning\n")
        result = self.run_command(*self.SMALL, environment={"ROWAN_TUNING": wrong})
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"is not a tuning", result.stderr)
        self.assertIn(b"going on with what is built in", result.stderr)


if __name__ == "__main__":
    unittest.main()
