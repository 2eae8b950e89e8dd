// Register accesses through the socket of the SystemC module, and its interrupt lines.
#include <algorithm>
#include <cstring>
#include <sstream>

#include "shell_bench.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp::shell {
namespace {

constexpr std::uint32_t TF = 1U << 1;
constexpr std::uint32_t GFSR_USF = 1U << 1;

/// A payload whose data are 8 bytes of this.
struct Beat {
  explicit Beat(std::uint32_t offset) {
    payload.set_address(offset);
    payload.set_data_ptr(data);
  }
  tlm::tlm_response_status send(tlm::tlm_command command, unsigned bytes) {
    sc_time d;
    payload.set_command(command);
    payload.set_data_length(bytes);
    payload.set_streaming_width(bytes);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    bench().cpu->b_transport(payload, d);
    return payload.get_response_status();
  }
  void fill(std::uint8_t byte) { std::fill_n(data, 16, byte); }

  tlm::tlm_generic_payload payload;
  std::uint8_t data[16] = {};
};

// IHI 0062 9.1: other sizes than a register's own are IMPLEMENTATION DEFINED, here RAZ/WI.
TEST_F(Shell, ARegisterIsAccessedAsAWordAndNoPartOfIt) {
  Bench& b = bench();
  const std::uint64_t before = b.reg(sCR0);
  Beat beat(sCR0);
  for (const unsigned bytes : {1U, 2U, 3U, 16U}) {
    beat.fill(0x55);
    EXPECT_EQ(beat.send(tlm::TLM_WRITE_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(beat.send(tlm::TLM_READ_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(std::all_of(beat.data, beat.data + bytes, [](std::uint8_t v) { return v == 0; })) << bytes;
  }
  EXPECT_EQ(b.reg(sCR0), before);
  unsigned char enables[4] = {0xff, 0xff, 0, 0};
  beat.payload.set_byte_enable_ptr(enables);
  beat.payload.set_byte_enable_length(4);
  EXPECT_EQ(beat.send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.reg(sCR0), before) << "two lanes of four";
  enables[2] = enables[3] = 0xff;
  EXPECT_EQ(beat.send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  std::uint32_t value = 0;
  std::memcpy(&value, beat.data, 4);
  EXPECT_EQ(value, before) << "all bytes enabled is a whole access";
  EXPECT_FALSE(b.host.sink.all.empty()) << "the others are diagnosed";
}

TEST_F(Shell, ARegisterTakesNoCompareAndSwapAndNeedsData) {
  Beat beat(sCR0);
  CompareSwapExtension swap;
  beat.payload.set_extension(&swap);
  EXPECT_EQ(beat.send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_COMMAND_ERROR_RESPONSE);
  beat.payload.clear_extension(&swap);
  beat.payload.set_data_ptr(nullptr);
  EXPECT_NE(beat.send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(bench().cpu->transport_dbg(beat.payload), 0U);
}

TEST_F(Shell, A64BitRegisterIsWrittenWholeByHalvesAndByLanesOfABeat) {  // 16.1; UBS is 49
  Bench& b = bench();
  const std::uint32_t FAR0 = b.cb(0, FAR);
  b.set(FAR0, 0x3344'5566'7788, 8);
  EXPECT_EQ(b.reg(FAR0), 0x5566'7788U);
  EXPECT_EQ(b.reg(FAR0 + 4), 0x3344U);
  b.set(FAR0 + 4, 0x1'ccdd);
  EXPECT_EQ(b.reg(FAR0, 8), 0x1'ccdd'5566'7788U);
  Beat beat(FAR0);
  unsigned char enables[8];
  beat.payload.set_byte_enable_ptr(enables);
  beat.payload.set_byte_enable_length(8);
  for (const unsigned lane : {0U, 4U}) {
    std::fill_n(enables, 8, static_cast<unsigned char>(TLM_BYTE_DISABLED));
    std::fill_n(enables + lane, 4, static_cast<unsigned char>(TLM_BYTE_ENABLED));
    beat.fill(lane == 0 ? 0x11 : 0x22);
    EXPECT_EQ(beat.send(tlm::TLM_WRITE_COMMAND, 8), tlm::TLM_OK_RESPONSE);
  }
  EXPECT_EQ(b.reg(FAR0, 8), 0x2222'1111'1111U);
  EXPECT_TRUE(b.host.sink.all.empty()) << to_text(b.host.sink.all.front());
}

TEST_F(Shell, EachSecurityStateSeesItsOwnCopyOfABankedRegister) {  // 9.1
  Bench& b = bench();
  b.set(sCR0, CR0_GFRE, 4, true);
  EXPECT_NE(b.reg(sCR0), b.reg(sCR0, 4, true));
  EXPECT_EQ(b.reg(sCR0, 4, true) & (CR0_GFRE | CR0_CLIENTPD), CR0_GFRE);
  EXPECT_EQ(b.reg(SCR1), 0U) << "of Secure software alone";
  EXPECT_NE(b.reg(SCR1, 4, true), 0U);
}

TEST_F(Shell, ADebuggerReadsRegistersAndChangesNone) {
  Bench& b = bench();
  b.in_simulation([&] {
    EXPECT_EQ(b.read(0x5000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1000));
  });
  Beat beat(sGFSR);
  beat.payload.set_data_length(4);
  beat.payload.set_read();
  EXPECT_EQ(b.cpu->transport_dbg(beat.payload), 4U);
  EXPECT_EQ(beat.data[0], GFSR_USF);
  for (unsigned byte = 0; byte < 4; ++byte) {
    Beat part(IDR0 + byte);
    part.payload.set_data_length(1);
    part.payload.set_read();
    EXPECT_EQ(b.cpu->transport_dbg(part.payload), 1U);
    EXPECT_EQ(part.data[0], b.reg(IDR0) >> 8 * byte & 0xff);
  }
  beat.payload.set_write();
  beat.fill(0xff);
  EXPECT_EQ(b.cpu->transport_dbg(beat.payload), 0U);
  EXPECT_EQ(b.reg(sGFSR), GFSR_USF) << "W1C, and still there";
  EXPECT_TRUE(b.gfsr.read());
}

TEST_F(Shell, ADebuggerReadsRegistersAsNonSecureSoftwareWhateverItsExtensionSays) {
  Bench& b = bench();
  b.set(sCR0, CR0_GFRE, 4, true);
  AccessExtension extension;
  extension.address_space = AddressSpace::secure;
  const auto read = [&](std::uint32_t offset) {
    Beat beat(offset);
    beat.payload.set_data_length(4);
    beat.payload.set_read();
    beat.payload.set_extension(&extension);
    EXPECT_EQ(b.cpu->transport_dbg(beat.payload), 4U);
    beat.payload.clear_extension(&extension);
    std::uint32_t value = 0;
    std::memcpy(&value, beat.data, 4);
    return value;
  };
  EXPECT_NE(b.reg(sCR0), b.reg(sCR0, 4, true));
  EXPECT_EQ(read(sCR0), b.reg(sCR0));
  EXPECT_NE(b.reg(SCR1, 4, true), 0U);
  EXPECT_EQ(read(SCR1), 0U);
}

TEST_F(Shell, ARegisterAccessTakesEffectAtItsAnnotatedTime) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    b.set(b.cb(0, TLBIALL), 0);
    b.set(b.cb(0, TLBSYNC), 0);
    EXPECT_EQ(b.reg(b.cb(0, TLBSTATUS)), 1U);
    Beat beat(b.cb(0, TLBSTATUS));
    beat.payload.set_read();
    beat.payload.set_data_length(4);
    beat.payload.set_streaming_width(4);
    sc_time delay = ns(1000);
    const sc_time before = sc_core::sc_time_stamp();
    b.cpu->b_transport(beat.payload, delay);
    EXPECT_EQ(beat.data[0], 0U) << "idle by then";
    EXPECT_GE(sc_core::sc_time_stamp() - before, ns(1000));
  });
}

// ---- interrupts are levels (3.6)

TEST_F(Shell, EachBankHasALineOfItsOwn) {  // 3.6.2
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(b.cb(0, SCTLR), SCTLR_CFIE);
    b.set(b.cb(2, SCTLR), SCTLR_CFIE);
    b.set(b.cb(0, FSRRESTORE), TF);
    b.set(b.cb(2, FSRRESTORE), TF);
    wait(ns(10));
    EXPECT_TRUE(b.context[0].read());
    EXPECT_FALSE(b.context[1].read());
    EXPECT_TRUE(b.context[2].read());
    b.set(b.cb(0, FSR), TF);
    wait(ns(10));
    EXPECT_FALSE(b.context[0].read());
    EXPECT_TRUE(b.context[2].read());
    b.set(b.cb(2, FSR), ~0U);
    wait(ns(10));
    EXPECT_FALSE(b.context[2].read());
  });
}

TEST_F(Shell, AGlobalLineFollowsTheFaultItsEnableAndTheRegisterThatRestoresIt) {  // 9.6.3, 9.6.16
  Bench& b = bench();
  b.in_simulation([&] {
    EXPECT_EQ(b.read(0x5000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.read(0x6000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1000));
    EXPECT_TRUE(b.gfsr.read());
    b.set(sCR0, CR0_GFRE);
    wait(ns(10));
    EXPECT_FALSE(b.gfsr.read()) << "GFIE is 0";
    b.set(sCR0, CR0_GFRE | CR0_GFIE);
    wait(ns(10));
    EXPECT_TRUE(b.gfsr.read()) << "the fault is still there";
    b.set(sGFSR, GFSR_USF);
    wait(ns(10));
    EXPECT_TRUE(b.gfsr.read()) << "MULTI";
    b.set(sGFSR, ~0U);
    wait(ns(10));
    EXPECT_FALSE(b.gfsr.read());
    b.set(sGFSRRESTORE, GFSR_USF);
    wait(ns(10));
    EXPECT_TRUE(b.gfsr.read());
  });
}

TEST_F(Shell, AFaultThatIsClearedBeforeItsTimeRaisesNothing) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.stream(7, 2);
    EXPECT_EQ(b.read(0x5000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    b.set(b.cb(2, FSR), ~0U);
    wait(ns(1000));
    EXPECT_FALSE(b.context[2].read());
  });
}

// Masters that run ahead record faults that are still to come (docs/smmuv2.md).

class Ahead : public Shell {
 protected:
  void SetUp() override {
    Shell::SetUp();
    b.in_simulation([this] {
      for (const unsigned bank : {1U, 2U}) b.stream(7 + bank, bank);
    });
  }
  /// In the simulation: a read that faults in a bank, by a master that is ahead. @return when it has its
  /// answer
  sc_time fault(unsigned bank, sc_time delay) {
    AccessExtension e = Bench::of_stream(7 + bank);
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x5000, &v, 4, false, &e, &delay), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return sc_core::sc_time_stamp() + delay;
  }
  /// The line of a bank is low until then.
  void expect_rise(unsigned bank, const sc_time& at) {
    wait(at - ns(10) - sc_core::sc_time_stamp());
    EXPECT_FALSE(b.context[bank].read()) << bank;
    wait(ns(20));
    EXPECT_TRUE(b.context[bank].read()) << bank;
  }
  Bench& b = bench();
};

TEST_F(Ahead, ARegisterAccessMeanwhileDoesNotRaiseTheLineOfAFaultThatIsStillToCome) {
  b.in_simulation([&] {
    const sc_time at = fault(2, ns(500));
    EXPECT_NE(b.reg(b.cb(2, FSR)) & TF, 0U);
    b.set(b.cb(1, FSRRESTORE), TF);
    wait(ns(10));
    EXPECT_TRUE(b.context[1].read()) << "what software does shows at once";
    expect_rise(2, at);
  });
}

TEST_F(Ahead, FaultsOfTwoMastersRaiseEachItsLineInEitherOrderOfTheirCalls) {
  for (const bool later_first : {false, true}) {
    b.in_simulation([&] {
      const sc_time one = fault(1, ns(later_first ? 900 : 300));
      const sc_time two = fault(2, ns(later_first ? 300 : 900));
      expect_rise(later_first ? 2 : 1, std::min(one, two));
      expect_rise(later_first ? 1 : 2, std::max(one, two));
      for (const unsigned bank : {1U, 2U}) b.set(b.cb(bank, FSR), ~0U);
      wait(ns(10));
    });
  }
}

TEST_F(Ahead, AGlobalFaultAndOneOfABankRaiseEachItsLineAtItsTime) {
  b.in_simulation([&] {
    const sc_time at = fault(1, ns(900));
    sc_time delay = ns(300);
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x5000, &v, 4, false, nullptr, &delay), tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "no stream matches";
    wait(ns(290));
    EXPECT_FALSE(b.gfsr.read());
    wait(ns(50));
    EXPECT_TRUE(b.gfsr.read());
    expect_rise(1, at);
  });
}

TEST_F(Ahead, ALineThatIsEnabledAgainBeforeItsTimeShowsAtOnce) {
  b.in_simulation([&] {
    fault(2, ns(500));
    b.set(b.cb(2, SCTLR), SCTLR_M);
    b.set(b.cb(2, SCTLR), SCTLR_M | SCTLR_CFIE);
    wait(ns(10));
    EXPECT_TRUE(b.context[2].read()) << "software has seen FSR, and asks for its interrupt now";
  });
}

TEST_F(Ahead, AResetBeforeTheTimeOfAFaultLeavesItsLineLow) {
  b.in_simulation([&] {
    const sc_time at = fault(2, ns(500));
    b.reset.write(true);
    wait(ns(1));
    b.reset.write(false);
    wait(at + ns(100) - sc_core::sc_time_stamp());
    EXPECT_FALSE(b.context[2].read());
  });
}

TEST_F(Ahead, AStateThatIsSavedBeforeTheTimeOfAFaultRaisesItsLineThenWhereverItIsLoaded) {
  b.in_simulation([&] {
    const sc_time to_go = fault(2, ns(500)) - sc_core::sc_time_stamp();
    std::stringstream state;
    ASSERT_FALSE(b.smmu.save(state));
    b.reset.write(true);
    wait(ns(1));
    b.reset.write(false);
    wait(ns(3000));
    EXPECT_FALSE(b.context[2].read());
    const sc_time loaded = sc_core::sc_time_stamp();
    ASSERT_FALSE(b.smmu.load(state));
    expect_rise(2, loaded + to_go);
  });
}

TEST_F(Shell, StatisticsCountFaultsStallsAndMaintenance) {
  struct Named : StatVisitor {
    void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
      all.emplace_back(std::string(name), value);
    }
    std::uint64_t operator[](const std::string& name) const {
      for (const auto& [n, v] : all) {
        if (n == name) return v;
      }
      ADD_FAILURE() << "no counter " << name;
      return 0;
    }
    std::vector<std::pair<std::string, std::uint64_t>> all;
  };
  const auto now = [] {
    Named n;
    bench().smmu.statistics(n);
    return n;
  };
  Bench& b = bench();
  b.smmu.reset_statistics();
  b.in_simulation([&] {
    b.stream(7, 2);
    b.read(0x5000);
    AccessExtension e = Bench::of_stream(9);
    b.read(0x5000, &e);
    b.set(b.cb(2, TLBIALL), 0);
    b.set(b.cb(2, TLBSYNC), 0);
    wait(ns(1000));
  });
  const Named n = now();
  EXPECT_EQ(n["context_faults"], 1U);
  EXPECT_EQ(n["global_faults"], 1U);
  EXPECT_EQ(n["stalls"], 0U);
  EXPECT_EQ(n["accesses"], 2U);
  b.smmu.reset_statistics();
  EXPECT_EQ(now()["context_faults"], 0U);
}

}  // namespace
}  // namespace smmuvp::shell
