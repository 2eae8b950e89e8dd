// The quirk cavium_126 (one interrupt line), and what a device tree tells of quirks.
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "smmuvp/tlm/device_tree.h"
#include "user_bench.h"

namespace smmuvp::quirk_lines {
namespace {

using user::ns;

constexpr const char* told = "cavium_126, cavium_74, hisilicon_161010701, nvidia_invalidation_race";

/// An SMMU whose lines are counted.
struct Counted : sc_core::sc_module {
  Counted(const sc_core::sc_module_name& name, user::Soc& s)
      : sc_module(name), soc(s), client("client", s, 0) {
    soc.smmu.eventq_irq.bind(eventq);
    soc.smmu.gerror_irq.bind(gerror);
    soc.smmu.cmdq_sync_irq.bind(cmdq_sync);
    SMMUVP_HAS_PROCESS(Counted);
    SC_METHOD(count_eventq);
    sensitive << eventq.posedge_event();
    dont_initialize();
    SC_METHOD(count_others);
    sensitive << gerror.posedge_event() << cmdq_sync.posedge_event();
    dont_initialize();
  }
  void count_eventq() { ++eventqs; }
  void count_others() { ++others; }

  user::Soc& soc;
  user::Client<64> client;
  sc_core::sc_signal<bool> eventq{"eventq"}, gerror{"gerror"}, cmdq_sync{"cmdq_sync"};
  int eventqs = 0, others = 0;
};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name) {}

  test::CapturingHost host;
  smmuv3::World world;  // its memory alone
  user::Soc shared{"shared", user::params_of<SmmuV3<>>({{"quirks", "cavium_126"}}), host, world.memory};
  user::Soc level{"level", user::params_of<SmmuV3<>>({{"quirks", "cavium_126"}, {"irq", "level"}}), host,
                  world.memory};
  user::Soc plain{"plain", user::params_of<SmmuV3<>>({}), host, world.memory};
  user::Soc dt{"dt", user::params_of<SmmuV3<>>({{"quirks", told}, {"CMDQS", "16"}}), host, world.memory};
  Counted shared_lines{"shared_lines", shared};
  Counted level_lines{"level_lines", level};
  Counted plain_lines{"plain_lines", plain};
  user::Client<64> dt_client{"dt_client", dt, 0};
  test::Runner runner{"runner"};
};

Bench& bench() {
  static Bench b("bench");
  static const bool started = (test::advance(), true);
  (void)started;
  return b;
}

TEST(QuirkCavium126, ErrorsAndSyncsComeByTheLineOfEvents) {
  Bench& b = bench();
  for (Counted* lines : {&b.shared_lines, &b.plain_lines}) {
    b.runner.run([&] {
      lines->soc.start();
      lines->soc.push(0x46 | 1 << 12);
      wait(ns(1000));
      lines->soc.push(0xff);  // no command
      wait(ns(1000));
      EXPECT_EQ(lines->soc.get(0x60), smmuv3::GERROR_CMDQ_ERR);
    });
  }
  EXPECT_EQ(b.shared_lines.eventqs, 2);
  EXPECT_EQ(b.shared_lines.others, 0);
  EXPECT_EQ(b.plain_lines.eventqs, 0);
  EXPECT_EQ(b.plain_lines.others, 2);
}

TEST(QuirkCavium126, ByLevelTheLineIsHighAsLongAsAnySourceHasSomethingToTell) {
  Bench& b = bench();
  b.runner.run([&] {
    b.level.start();
    b.level.push(0xff);
    wait(ns(1000));
    EXPECT_TRUE(b.level_lines.eventq.read());
    EXPECT_FALSE(b.level_lines.gerror.read());
    b.level.set(0x64, smmuv3::GERROR_CMDQ_ERR);
    b.level.set(0x20, 0);
    wait(ns(10));
  });
  EXPECT_EQ(b.level_lines.others, 0);
}

std::vector<std::string> names_of(const SmmuV3<>& smmu) {
  std::vector<std::string> names;
  for (const Port& p : smmu.ports()) {
    if (!p.dt_name.empty()) names.push_back(p.dt_name);
  }
  return names;
}

TEST(QuirksInDeviceTrees, AreToldAsBindingsHaveThem) {
  Bench& b = bench();
  EXPECT_EQ(names_of(b.dt.smmu), std::vector<std::string>{"combined"});
  EXPECT_EQ(names_of(b.plain.smmu), (std::vector<std::string>{"eventq", "gerror", "cmdq-sync"}));
  for (user::Soc* soc : {&b.dt, &b.plain}) {
    DtNode node("device");
    soc->smmu.describe(node);
    std::vector<std::string> flags;
    DtNode::Strings compatible;
    for (const auto& p : node.properties()) {
      if (p.name == "compatible") compatible = std::get<DtNode::Strings>(p.value);
      flags.push_back(p.name);
    }
    const bool quirks = soc == &b.dt;
    EXPECT_EQ(compatible, quirks ? (DtNode::Strings{"nvidia,tegra264-smmu", "arm,smmu-v3"})
                                 : DtNode::Strings{"arm,smmu-v3"});
    for (const char* flag : {"cavium,cn9900-broken-page1-regspace", "hisilicon,broken-prefetch-cmd"}) {
      EXPECT_EQ(std::count(flags.begin(), flags.end(), flag), quirks ? 1 : 0) << flag;
    }
  }
}

}  // namespace
}  // namespace smmuvp::quirk_lines
