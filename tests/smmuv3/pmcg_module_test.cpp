// Performance monitors of the SystemC module: registers in its window, interrupts, device tree, and that
// counting misses no hit and no direct access.
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "shell_bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

using sc_core::sc_time;

constexpr std::uint64_t va = 0x1234'5000;
constexpr std::uint64_t pa = 0x8000'0000;
constexpr std::uint64_t doorbell = 0x7000'0040;
constexpr std::uint32_t tcu = 0x20000;  // Page 0 of each group; Page 1 is 0x10000 further on
constexpr std::uint32_t tbu0 = 0x40000;
constexpr std::uint32_t tbu1 = 0x60000;
constexpr std::uint32_t page1 = 0x10000;

/// With a second TBU, whose master is fixed and may have direct memory pointers.
struct PmcgBench : shell::Bench {
  explicit PmcgBench(const sc_core::sc_module_name& name) : Bench(name, parameters()) {
    fixed_master.bind(smmu.tbu_in[1]);
    fixed_master.register_invalidate_direct_mem_ptr(this, &PmcgBench::on_withdrawal);
    smmu.tbu_out[1].bind(fixed_memory);
    fixed_memory.register_b_transport(this, &PmcgBench::on_fixed_data);
    fixed_memory.register_get_direct_mem_ptr(this, &PmcgBench::on_dmi);
    for (unsigned i = 0; i < 3; ++i) smmu.pmcg_irq[i].bind(irq[i]);
    SMMUVP_HAS_PROCESS(PmcgBench);
    SC_METHOD(count_edges);
    for (auto& line : irq) sensitive << line.posedge_event();
    dont_initialize();
  }
  static Params parameters() {
    Params p = SmmuV3<>::default_params();
    p.set("pmcg", true);
    p.set("pmcg_msi", true);
    p.set("tbus", 2);
    p.set("tbu0_stream_id", 1);
    p.set("tbu1_stream_id", 2);
    p.set("tbu1_fixed", true);
    return p;
  }
  void count_edges() {
    for (unsigned i = 0; i < 3; ++i) {
      if (!irq[i].posedge()) continue;
      ++edges[i];
      edge_at = sc_core::sc_time_stamp();
    }
  }
  void on_fixed_data(tlm::tlm_generic_payload& p, sc_time& delay) {
    delay += sc_time(5, sc_core::SC_NS);
    p.set_dmi_allowed(true);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  bool on_dmi(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    dmi.set_dmi_ptr(bytes.data());
    dmi.set_start_address(pa);
    dmi.set_end_address(pa + bytes.size() - 1);
    dmi.allow_read_write();
    return true;
  }
  void on_withdrawal(sc_dt::uint64, sc_dt::uint64) { ++withdrawals; }
  tlm::tlm_response_status access(unsigned tbu, std::uint64_t address, sc_time* delay = nullptr) {
    std::uint32_t value = 0;
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(4);
    p.set_streaming_width(4);
    AccessExtension e;  // with one, hits take the shortest way
    e.stream_valid = true;
    e.stream_id = tbu + 1;
    p.set_extension(&e);
    sc_time none;
    sc_time& passes = delay != nullptr ? *delay : none;
    if (tbu == 0) {
      master->b_transport(p, passes);
    } else {
      fixed_master->b_transport(p, passes);
    }
    p.clear_extension(&e);
    return p.get_response_status();
  }
  bool get_pointer() {
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_READ_COMMAND);
    p.set_address(va);
    tlm::tlm_dmi dmi;
    return fixed_master->get_direct_mem_ptr(p, dmi);
  }
  /// In the simulation: from reset on.
  void fresh() {
    reset.write(true);
    wait(sc_time(1, sc_core::SC_NS));
    reset.write(false);
    wait(sc_time(1, sc_core::SC_NS));
    world.clear();
    for (const std::uint32_t sid : {1U, 2U}) EXPECT_TRUE(world.stream(sid).map(va, pa, 0x10000));
    start();
    std::fill(std::begin(edges), std::end(edges), 0);
    withdrawals = 0;
  }
  /// Lets counter 0 of a group count an event of all streams.
  void count(std::uint32_t page0, std::uint32_t event) {
    set(page0 + 0x400, event | 1U << 29);
    set(page0 + 0xa00, ~0U);
    set(page0 + 0xc00, 1);
    set(page0 + 0xe04, 1);
  }

  tlm_utils::simple_initiator_socket<PmcgBench, 64> fixed_master;
  tlm_utils::simple_target_socket<PmcgBench, 64> fixed_memory;
  sc_core::sc_signal<bool> irq[3];
  std::vector<unsigned char> bytes = std::vector<unsigned char>(0x10000);
  int edges[3] = {};
  int withdrawals = 0;
  sc_time edge_at;
};

PmcgBench& bench() {
  static PmcgBench b("bench");
  return b;
}

class PmcgModule : public testing::Test {
 protected:
  PmcgModule() {
    b.in_simulation([this] { b.fresh(); });
  }
  PmcgBench& b = bench();
};

TEST_F(PmcgModule, CountsEveryTransactionHitsIncluded) {
  b.in_simulation([this] {
    for (unsigned i = 0; i < 5; ++i) b.access(0, va + 4 * i);
    b.count(tbu0, 1);
    b.count(tcu, 1);
    for (unsigned i = 0; i < 1000; ++i) EXPECT_EQ(b.access(0, va + 4 * i), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.reg(tbu0 + page1), 1000U);
    EXPECT_EQ(b.reg(tcu + page1), 0U);
    b.set(tbu0 + 0xe04, 0);
    for (unsigned i = 0; i < 10; ++i) b.access(0, va + 4 * i);
    EXPECT_EQ(b.reg(tbu0 + page1), 1000U);
  });
}

TEST_F(PmcgModule, AHitTakesTheSameTimeWhileItIsCounted) {
  b.in_simulation([this] {
    const auto time_of = [this] {
      wait(sc_time(1, sc_core::SC_US));
      sc_time delay;
      b.access(0, va, &delay);
      return delay;
    };
    b.access(0, va);
    const sc_time plain = time_of();
    b.count(tbu0, 1);
    EXPECT_EQ(time_of(), plain);
    EXPECT_EQ(b.reg(tbu0 + page1), 1U);
  });
}

TEST_F(PmcgModule, NoDirectPointerIsOutWhileTransactionsAreCounted) {
  b.in_simulation([this] {
    b.access(1, va);
    EXPECT_TRUE(b.get_pointer());
    b.count(tbu1, 2);
    EXPECT_EQ(b.withdrawals, 0) << "who counts misses alone needs none of this";
    b.count(tbu1, 1);
    EXPECT_EQ(b.withdrawals, 1);
    EXPECT_FALSE(b.get_pointer());
    b.access(1, va);
    EXPECT_EQ(b.reg(tbu1 + page1), 1U);
    b.set(tbu1 + 0xc20, 1);
    EXPECT_TRUE(b.get_pointer());
  });
}

TEST_F(PmcgModule, AnOverflowIsAPulseOfItsGroupAndAnMsi) {
  b.in_simulation([this] {
    b.set(tbu0 + 0xe58, doorbell, 8);
    b.set(tbu0 + 0xe60, 0x2a);
    b.set(tbu0 + 0xe64, 0x1);
    b.set(tbu0 + 0xe50, 1);
    b.set(tbu0 + 0xc40, 1);
    b.count(tbu0, 1);
    b.set(tbu0 + page1, 0xffff'fffd);
    for (unsigned i = 0; i < 2; ++i) b.access(0, va);
    wait(sc_time(100, sc_core::SC_NS));
    EXPECT_EQ(b.edges[1], 0);
    b.access(0, va);
    wait(sc_time(100, sc_core::SC_NS));
    EXPECT_EQ(b.edges[1], 1);
    EXPECT_FALSE(b.irq[1].read()) << "a pulse";
    EXPECT_EQ(b.reg(tbu0 + page1 + 0xc80, false, 0, 8), 1U);
    EXPECT_EQ(b.world.memory.read(doorbell, 4), 0x2aU);
  });
  EXPECT_EQ(b.edges[0], 0);
  EXPECT_EQ(b.edges[2], 0);
}

TEST_F(PmcgModule, CyclesOverflowAtTheirTime) {
  b.in_simulation([this] {
    b.set(tcu + 0xe50, 1);
    b.set(tcu + 0xc40, 1);
    b.count(tcu, 0);
    b.set(tcu + page1, 0xffff'ffff - 499);
    const sc_time set_at = sc_core::sc_time_stamp();
    wait(sc_time(2, sc_core::SC_US));
    EXPECT_EQ(b.edges[0], 1);
    EXPECT_GE(b.edge_at, set_at + sc_time(499, sc_core::SC_NS));
    EXPECT_LE(b.edge_at, set_at + sc_time(502, sc_core::SC_NS));
  });
}

TEST_F(PmcgModule, NoEdgeComesAfterItIsDisabled) {
  b.in_simulation([this] {
    b.set(tbu0 + 0xe50, 1);
    b.set(tbu0 + 0xc40, 1);
    b.count(tbu0, 1);
    b.set(tbu0 + page1, 0xffff'ffff);
    sc_time ahead(50, sc_core::SC_NS);
    b.access(0, va, &ahead);
    b.set(tbu0 + 0xe50, 0);
    EXPECT_EQ(b.reg(tbu0 + 0xe54), 0U);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.edges[1], 0);
    EXPECT_EQ(b.reg(tbu0 + page1 + 0xc80), 1U) << "the overflow is there";
  });
}

TEST_F(PmcgModule, GoesOnFromASavedState) {
  std::stringstream state;
  b.in_simulation([&] {
    b.count(tbu0, 1);
    for (unsigned i = 0; i < 7; ++i) b.access(0, va);
  });
  EXPECT_FALSE(b.smmu.save(state));
  b.in_simulation([this] {
    for (unsigned i = 0; i < 9; ++i) b.access(0, va);
    b.set(tbu0 + 0xe04, 0);
  });
  EXPECT_FALSE(b.smmu.load(state));
  b.in_simulation([this] {
    EXPECT_EQ(b.reg(tbu0 + page1), 7U);
    b.access(0, va);
    EXPECT_EQ(b.reg(tbu0 + page1), 8U);
  });
}

TEST_F(PmcgModule, IsInDumpsAndInRegisterValues) {
  b.in_simulation([this] {
    b.count(tbu0, 1);
    b.access(0, va);
  });
  std::ostringstream text;
  b.smmu.dump(text);
  EXPECT_NE(text.str().find("performance monitors of the TCU"), std::string::npos);
  EXPECT_NE(text.str().find("performance monitors of TBU 1"), std::string::npos);
  EXPECT_NE(text.str().find("SMMU_PMCG_EVTYPER3"), std::string::npos);
  EXPECT_NE(text.str().find("transaction or request"), std::string::npos);
  const auto values = b.smmu.register_values();
  const auto found = std::find_if(values.begin(), values.end(),
                                  [](const auto& v) { return v.first == "pmcg1.SMMU_PMCG_EVCNTR0"; });
  ASSERT_NE(found, values.end());
  EXPECT_EQ(found->second, 1U);
}

TEST_F(PmcgModule, IsDescribedAsLinuxsBindingAsks) {
  DtNode node("device");
  b.smmu.describe(node);
  ASSERT_EQ(node.nodes_beside().size(), 3U);
  const DtNode& pmu = node.nodes_beside()[1];
  EXPECT_EQ(pmu.name(), "pmu");
  ASSERT_EQ(pmu.regs().size(), 2U);
  EXPECT_EQ(pmu.regs()[0].offset, tbu0);
  EXPECT_EQ(pmu.regs()[1].offset, tbu0 + page1);
  EXPECT_EQ(pmu.regs()[0].size, 0x1000U);
  EXPECT_EQ(pmu.interrupt_ports(), std::vector<std::string>{"pmcg1_irq"});
  EXPECT_EQ(pmu.properties()[0].name, "compatible");
  EXPECT_EQ(std::get<DtNode::Strings>(pmu.properties()[0].value), DtNode::Strings{"arm,smmu-v3-pmcg"});
  EXPECT_EQ(pmu.properties()[1].name, "msi-parent");
}

TEST_F(PmcgModule, MakesTheWindowAsLongAsItsPagesNeed) {
  const auto& ports = b.smmu.ports();
  EXPECT_EQ(ports[0].name, "registers");
  EXPECT_EQ(ports[0].size, 0x71000U);
  EXPECT_EQ(ports[ports.size() - 3].name, "reset");
  EXPECT_EQ(ports[ports.size() - 4].name, "pmcg2_irq");
}

}  // namespace
}  // namespace smmuvp

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
