// What all components have: names, saved state, and a host that may be gone.
#include "smmuvp/tlm/component.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {
namespace {

constexpr TracePoint<std::uint64_t> trace_work{"small.work", "it worked", {"value"}};

class Small : public Component {
 public:
  Small(const sc_core::sc_module_name& name, const Params& params, Host& host_of_it)
      : Component(name, "small", params, host_of_it),
        m_diag(&host().diag(), this->name()),
        m_tracer(host().trace(), this->name()) {}
  static Params values(std::uint64_t size) {
    Params p({{"size", ParamType::Uint, "1", "doc"}});
    p.set("size", size);
    return p;
  }
  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override {
    archive.value("value", value);
    archive.time("due", due);
  }
  void statistics(StatVisitor& visitor) const override { visitor.stat("value", value, "1", "the value"); }
  void complain() { m_diag.guest_error("site", "wrong", "clause"); }
  void work() { m_tracer.emit(0, trace_work, value); }
  void exit() { host().guest_exit({GuestExit::Kind::Status, 3, "test"}); }

  std::uint64_t value = 0;
  std::uint64_t due = 0;

 private:
  Diag m_diag;
  Tracer m_tracer;
  std::vector<Port> m_ports;
};

class TracingHost : public test::CapturingHost, public TraceSink {
 public:
  TraceSink* trace() override { return this; }
  bool wants(std::string_view, std::string_view) override { return wanted; }
  void record(std::uint64_t, std::string_view source, std::string_view, const TraceValue*,
              std::size_t) override {
    records.emplace_back(source);
  }
  bool wanted = true;
  std::vector<std::string> records;
};

struct Soc : sc_core::sc_module {
  Soc(const sc_core::sc_module_name& name, Host& host)
      : sc_module(name), small("small", Small::values(1), host) {}
  Small small;
};

struct Bench {
  TracingHost host;
  std::unique_ptr<TracingHost> mortal = std::make_unique<TracingHost>();
  Soc soc0{"soc0", host}, soc1{"soc1", host};
  Small other{"other", Small::values(2), host};
  Small orphan{"orphan", Small::values(1), *mortal};
};

Bench& bench() {
  static Bench b;
  test::advance();
  b.host.diagnostics.clear();
  b.host.records.clear();
  return b;
}

TEST(Component, TwoOfOneBasenameAreToldApartInDiagnosticsTracesAndStatistics) {
  Bench& b = bench();
  b.soc0.small.complain();
  b.soc1.small.complain();
  ASSERT_EQ(b.host.diagnostics.size(), 2U);
  EXPECT_EQ(b.host.diagnostics[0].source, "soc0.small");
  EXPECT_EQ(b.host.diagnostics[1].source, "soc1.small");
  b.soc0.small.work();
  b.soc1.small.work();
  EXPECT_EQ(b.host.records, (std::vector<std::string>{"soc0.small", "soc1.small"}));
  struct Names : StatVisitor {
    void component(std::string_view name, std::string_view type) override {
      seen += std::string(name) + "/" + std::string(type) + " ";
    }
    void stat(std::string_view name, std::uint64_t, std::string_view, std::string_view) override {
      seen += std::string(name) + " ";
    }
    std::string seen;
  } names;
  b.soc0.small.report_statistics(names);
  b.soc1.small.report_statistics(names);
  EXPECT_EQ(names.seen, "soc0.small/small value soc1.small/small value ");
}

TEST(Component, TracePointsAreSwitchedThroughItsHostWhileItRuns) {
  Bench& b = bench();
  b.host.wanted = false;
  b.host.wants_changed();
  b.soc0.small.work();
  EXPECT_TRUE(b.host.records.empty());
  b.host.wanted = true;
  b.host.wants_changed();
  b.soc0.small.work();
  EXPECT_EQ(b.host.records.size(), 1U);
}

TEST(Component, IsSavedAndLoadedIntoAnotherInstanceWithTimesAsFarAhead) {
  Bench& b = bench();
  const auto now = [] { return to_ps(sc_core::sc_time_stamp()); };
  b.soc0.small.value = 7;
  b.soc0.small.due = now() + 500;
  std::stringstream stream;
  const auto saved = b.soc0.small.save(stream);
  ASSERT_FALSE(saved) << to_text(*saved);
  test::advance(1000);
  const auto loaded = b.soc1.small.load(stream);
  ASSERT_FALSE(loaded) << to_text(*loaded);
  EXPECT_EQ(b.soc1.small.value, 7U);
  EXPECT_EQ(b.soc1.small.due, now() + 500);
}

TEST(Component, RefusesTheStateOfAnotherConfigurationAndNamesInstanceTypeAndParameter) {
  Bench& b = bench();
  std::stringstream stream;
  ASSERT_FALSE(b.soc0.small.save(stream));
  b.other.value = 5;
  const auto error = b.other.load(stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->where, "other (small), parameter 'size'");
  EXPECT_EQ(error->what, "saved with 1");
  EXPECT_EQ(error->expected, "2");
  EXPECT_EQ(b.other.value, 5U);
}

TEST(Component, AHostThatIsGoneIsAnErrorThatNamesTheComponentWhereverItIsUsed) {
  Bench& b = bench();
  b.orphan.work();
  EXPECT_EQ(b.mortal->records.size(), 1U);
  b.mortal.reset();
  const auto told = [](auto use) -> std::string {
    try {
      use();
    } catch (const sc_core::sc_report& report) {
      return report.get_msg();
    }
    return "";
  };
  const std::string expected =
      "orphan (small): its host has been destroyed; a Host outlives the components that it is given to";
  EXPECT_EQ(told([&] { b.orphan.complain(); }), expected);
  EXPECT_EQ(told([&] { b.orphan.work(); }), expected);
  EXPECT_EQ(told([&] { b.orphan.exit(); }), expected);
}

}  // namespace
}  // namespace smmuvp
