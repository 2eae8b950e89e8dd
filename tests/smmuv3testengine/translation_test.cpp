// An engine behind an SMMUv3 that translates.
#include <gtest/gtest.h>

#include <cstring>

#include "../smmuv3/user_bench.h"
#include "frame.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine.h"

namespace smmuvp {
namespace {

using namespace engine;
constexpr std::uint32_t stream = 7;

struct Bench {
  Bench() {
    dev.dma(0).bind(soc.smmu.tbu_in[0]);
    soc.smmu.tbu_out[0].bind(memory.in);
    cpu.socket.bind(dev.registers);
    dev.reset(reset);
    soc.smmu.reset.bind(smmu_reset);
    test::advance();
  }
  /// Where the SMMU's output ends.
  struct Target : sc_core::sc_module {
    Target(const sc_core::sc_module_name& n, user::Soc& s) : sc_core::sc_module(n), in("in"), soc(s) {
      in.register_b_transport(this, &Target::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) { soc.on_data(p, delay); }
    tlm_utils::simple_target_socket<Target, platform_buswidth> in;
    user::Soc& soc;
  };
  static Params engine_params() {
    Params p(smmuv3testengine_type().params);
    p.set("stream_base", std::uint64_t{stream});
    p.set("stream_count", std::uint64_t{2});
    return p;
  }
  void put(std::uint32_t field, std::uint64_t value, unsigned bytes = 4) { cpu.put(field, value, bytes); }
  void set_up(std::uint64_t from, std::uint64_t to_incl, std::uint64_t to) {
    put(streamid, stream);
    put(substreamid, no_substream);
    put(attributes, write_back << 16 | write_back);
    put(begin, from, 8);
    put(end_incl, to_incl, 8);
    put(stride, 1, 8);
    put(udata0, to, 8);
    put(msiaddress, 0, 8);
  }
  std::uint64_t run(std::uint32_t command) {
    put(cmd, command);
    test::advance(1'000'000'000);
    return cpu.get(cmd);
  }
  /// The record at an index of the event queue.
  std::array<std::uint64_t, 4> event(unsigned i) {
    std::array<std::uint64_t, 4> e{};
    for (unsigned k = 0; k < 4; ++k) e[k] = world.memory.read(smmuv3::World::eventq + 32ULL * i + 8 * k, 8);
    return e;
  }
  std::uint32_t events() {
    std::uint32_t n = 0;
    runner.run([&] { n = soc.get(0x100a8); });
    return n;
  }

  test::CapturingHost host;
  smmuv3::World world;
  Smmuv3TestEngine dev{"te", engine_params(), host};
  user::Soc soc{"soc",
                user::params_of<SmmuV3<>>(
                    {{"STALL_MODEL", "0"}, {"STALL_MAX", "4"}, {"SSIDSIZE", "8"}, {"SECURE_IMPL", "true"}}),
                host, world.memory};
  Target memory{"memory", soc};
  test::Master cpu{"cpu"};
  test::Runner runner{"runner"};
  sc_core::sc_signal<bool> reset{"reset"}, smmu_reset{"smmu_reset"};
};

/// Both after a reset, the SMMU enabled with empty tables.
Bench& bench() {
  static Bench b;
  b.reset.write(true);
  b.smmu_reset.write(true);
  test::advance(100'000'000);
  b.reset.write(false);
  b.smmu_reset.write(false);
  test::advance();
  b.world.clear();
  b.runner.run([&] { b.soc.start(); });
  b.soc.arrived.clear();
  return b;
}

TEST(TestEngineBehindSmmuv3, ACopyIsTranslatedOnBothSides) {
  Bench& b = bench();
  pgtable::Builder& space = b.world.stream(stream);
  ASSERT_TRUE(space.map(0x10000, 0x8000'0000, 0x2000));
  ASSERT_TRUE(space.map(0x50000, 0x8100'0000, 0x2000));
  for (unsigned i = 0; i < 0x2000; ++i)
    b.world.memory.at(0x8000'0000 + i) = static_cast<std::uint8_t>(i * 3 + 1);
  b.set_up(0x10000, 0x11fff, 0x50000);
  EXPECT_EQ(b.run(MEMCPY), HALTED);
  for (unsigned i = 0; i < 0x2000; ++i) {
    ASSERT_EQ(b.world.memory.at(0x8100'0000 + i), static_cast<std::uint8_t>(i * 3 + 1)) << i;
  }
  EXPECT_EQ(b.events(), 0U);
}

TEST(TestEngineBehindSmmuv3, AFaultGivesTheStateOfErrorAndARecordOfTheStream) {
  Bench& b = bench();
  pgtable::Builder& space = b.world.stream(stream);
  ASSERT_TRUE(space.map(0x10000, 0x8000'0000, 0x1000));
  b.set_up(0x10000, 0x11fff, 0);
  EXPECT_EQ(b.run(SUM64), ERROR);
  EXPECT_EQ(b.cpu.get(udata2, 8), 0x11000U);
  ASSERT_EQ(b.events(), 1U);
  const auto e = b.event(0);
  EXPECT_EQ(smmuv3::bits(e, 7, 0), 0x10U) << "F_TRANSLATION";
  EXPECT_EQ(smmuv3::bits(e, 63, 32), stream);
  EXPECT_EQ(e[2], 0x11000U);
  ASSERT_TRUE(space.map(0x11000, 0x8000'1000, 0x1000));
  EXPECT_EQ(b.run(SUM64), HALTED);
}

TEST(TestEngineBehindSmmuv3, ASecureFrameIsOfTheSecureStreamOfItsNumber) {
  Bench& b = bench();
  ASSERT_TRUE(b.world.stream(stream).map(0x10000, 0x8000'0000, 0x1000));
  // Secure software has a Stream table of its own, in which the stream bypasses.
  constexpr std::uint64_t table = 0x1800'0000;
  b.world.put(table + 64 * stream, smmuv3::ste_bypass());
  AccessExtension by_secure;
  by_secure.address_space = AddressSpace::secure;
  const auto set_secure = [&](auto& socket, std::uint32_t at, std::uint64_t value, unsigned bytes) {
    tlm::tlm_generic_payload p;
    test::Master::fill(p, tlm::TLM_WRITE_COMMAND, at, &value, bytes);
    p.set_extension(&by_secure);
    sc_core::sc_time delay;
    socket->b_transport(p, delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    p.clear_extension(&by_secure);
  };
  b.runner.run([&] {
    set_secure(b.soc.cpu, 0x8080, table, 8);
    set_secure(b.soc.cpu, 0x8088, 4, 4);
    set_secure(b.soc.cpu, 0x8020, 1, 4);
  });
  b.set_up(0x10000, 0x10fff, 0);
  EXPECT_EQ(b.run(SUM64), HALTED);
  ASSERT_FALSE(b.soc.arrived.empty());
  EXPECT_EQ(b.soc.arrived[0].output_space, AddressSpace::non_secure);
  b.soc.arrived.clear();
  b.world.memory.write(0x10000, 0x1234'5678);
  b.runner.run([&] {
    set_secure(b.cpu.socket, pctrl, 0, 4);
    set_secure(b.cpu.socket, cmd, SUM64, 4);
  });
  test::advance(1'000'000'000);
  ASSERT_FALSE(b.soc.arrived.empty());
  for (const AccessExtension& e : b.soc.arrived) EXPECT_EQ(e.output_space, AddressSpace::secure);
  EXPECT_EQ(b.soc.arrived[0].stream_id, stream);
  b.runner.run([&] { set_secure(b.cpu.socket, pctrl, 1, 4); });
  EXPECT_EQ(b.cpu.get(udata1, 8), 0x1234'5678U) << "by the Secure bypass, not by the Non-secure tables";
  EXPECT_EQ(b.events(), 0U);
}

TEST(TestEngineBehindSmmuv3, AStreamThatIsUnknownToTheSmmuGivesTheStateOfError) {
  Bench& b = bench();
  b.set_up(0x10000, 0x10fff, 0);
  b.put(streamid, stream + 1);
  EXPECT_EQ(b.run(RAND48), ERROR);
  EXPECT_EQ(b.events(), 1U);
  EXPECT_EQ(smmuv3::bits(b.event(0), 63, 32), stream + 1);
}

TEST(TestEngineBehindSmmuv3, PrivilegeAndInstructionOfTheAttributesMeetThePermissions) {
  Bench& b = bench();
  pgtable::Mapping privileged;
  privileged.unprivileged = false;
  ASSERT_TRUE(b.world.stream(stream).map(0x10000, 0x8000'0000, 0x1000, privileged));
  b.set_up(0x10000, 0x10fff, 0);
  EXPECT_EQ(b.run(SUM64), ERROR);
  b.put(attributes, 0x43ff);
  EXPECT_EQ(b.run(SUM64), HALTED) << "privileged data";
  b.put(attributes, 0x47ff);
  EXPECT_EQ(b.run(SUM64), ERROR) << "a privileged instruction fetch from a page that is not executable";
}

TEST(TestEngineBehindSmmuv3, AttributesOfAFramePassABypassAndNotAStage1) {
  Bench& b = bench();
  b.world.put_ste(stream, smmuv3::ste_bypass());
  b.set_up(0x8000'0000, 0x8000'0fff, 0x8100'0000);
  b.put(attributes, 0x00ffU << 16 | 0x00ff);  // those of a master that gives none
  EXPECT_EQ(b.run(MEMCPY), HALTED);
  EXPECT_EQ(b.soc.arrived.at(0).memory_type, 0xff);
  b.soc.arrived.clear();
  b.put(attributes, 0x80ddU << 16 | 0x0014);  // illegal destination
  EXPECT_EQ(b.run(MEMCPY), MISCONFIGURED);
  b.put(attributes, 0x80a2U << 16 | 0x0014);
  EXPECT_EQ(b.run(MEMCPY), HALTED);
  ASSERT_EQ(b.soc.arrived.size(), 2U);
  EXPECT_EQ(b.soc.arrived[0].memory_type, 0x08) << "Device-nGRE, not what is kept for the default ones";
  EXPECT_EQ(b.soc.arrived[0].shareability, Shareability::outer);
  EXPECT_EQ(b.soc.arrived[1].memory_type, 0x94) << "outer Write-Through write-allocate, inner Non-cacheable";
  EXPECT_EQ(b.soc.arrived[1].shareability, Shareability::outer);
  b.put(attributes, 0x00ffU << 16 | 0x40ff);
  EXPECT_EQ(b.run(MEMCPY), HALTED);
  ASSERT_EQ(b.soc.arrived.size(), 4U);
  EXPECT_EQ(b.soc.arrived[2].shareability, Shareability::inner);
  EXPECT_EQ(b.soc.arrived[3].shareability, Shareability::non_shareable)
      << "an answer that is kept for one set of attributes serves no other";
  bench();
  ASSERT_TRUE(b.world.stream(stream).map(0x10000, 0x8000'0000, 0x1000));
  b.set_up(0x10000, 0x10fff, 0);
  b.put(attributes, 0x0014);
  EXPECT_EQ(b.run(SUM64), HALTED);
  ASSERT_EQ(b.soc.arrived.size(), 1U);
  EXPECT_EQ(b.soc.arrived[0].memory_type, 0xff) << "that of the page";
}

TEST(TestEngineBehindSmmuv3, AFrameThatStallsWaitsForSoftwareWhileOthersGoOn) {
  Bench& b = bench();
  pgtable::Builder& stalling = b.world.stream(stream);
  b.world.put(smmuv3::World::cd_address(stream), smmuv3::cd_for(stalling.config(), 1).set(44, 1, 1));  // CD.S
  ASSERT_TRUE(b.world.stream(stream + 1, 2).map(0x10000, 0x8100'0000, 0x1000));
  b.set_up(0x10000, 0x10fff, 0);
  EXPECT_EQ(b.run(SUM64), SUM64);
  EXPECT_EQ(b.events(), 1U);
  const std::uint32_t other = frame(1);
  b.put(other + streamid, stream + 1);
  b.put(other + substreamid, no_substream);
  b.put(other + begin, 0x10000, 8);
  b.put(other + end_incl, 0x10fff, 8);
  b.put(other + stride, 1, 8);
  b.put(other + cmd, RAND48);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.cpu.get(other + cmd), HALTED);
  EXPECT_EQ(b.cpu.get(cmd), SUM64);
  ASSERT_TRUE(stalling.map(0x10000, 0x8000'0000, 0x1000));
  b.world.memory.write(0x8000'0ff8, 0x1234'5678'9abc'def0);
  const std::uint64_t stag = smmuv3::bits(b.event(0), 79, 64);
  b.runner.run(
      [&] { b.soc.push(0x44 | 1U << 12 | std::uint64_t{stream} << 32, stag); });  // CMD_RESUME, retry
  test::advance(1'000'000'000);
  EXPECT_EQ(b.cpu.get(cmd), HALTED);
  EXPECT_EQ(b.cpu.get(udata1, 8), 0x1234'5678'9abc'def0U);
}

TEST(TestEngineBehindSmmuv3, AMessageIsTranslatedAsTheWorkIs) {
  Bench& b = bench();
  pgtable::Builder& space = b.world.stream(stream);
  ASSERT_TRUE(space.map(0x10000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(space.map(0x90000, 0x8200'0000, 0x1000));
  b.set_up(0x10000, 0x10fff, 0);
  b.put(msiaddress, 0x90040, 8);
  b.put(msidata, 0x1234abcd);
  EXPECT_EQ(b.run(RAND48), HALTED);
  EXPECT_EQ(b.world.memory.read(0x8200'0040, 4), 0x1234abcdU);
  b.put(msiaddress, 0xa0000, 8);
  EXPECT_EQ(b.run(RAND48), HALTED);
  EXPECT_EQ(b.cpu.get(uctrl), 1U) << "no page there";
}

/// CDs of the stream's substreams, each with a page at 0x10000.
void put_cds(Bench& b, unsigned S1DSS) {
  constexpr std::uint64_t cds = 0x6000'0000;
  for (unsigned i = 0; i < 4; ++i) {
    pgtable::Builder& space = b.world.space();
    ASSERT_TRUE(space.map(0x10000, 0x8000'0000 + 0x1000ULL * i, 0x1000));
    b.world.put(cds + 64ULL * i, smmuv3::cd_for(space.config(), static_cast<std::uint16_t>(i + 1)));
  }
  b.world.put_ste(stream, smmuv3::ste_stage1(cds).set(59, 5, 2).set(64, 2, S1DSS));
}

TEST(TestEngineBehindSmmuv3, FramesOfOneStreamAreTranslatedByTheCdsOfTheirSubstreams) {
  Bench& b = bench();
  put_cds(b, 0);
  for (std::uint64_t i = 1; i < 4; ++i) b.world.memory.write(0x8000'0000 + 0x1000 * i, 100 + i);
  for (unsigned n = 0; n < 3; ++n) {
    const std::uint32_t f = frame(n);
    b.put(f + streamid, stream);
    b.put(f + substreamid, n + 1);
    b.put(f + attributes, write_back << 16 | write_back);
    b.put(f + begin, 0x10000, 8);
    b.put(f + end_incl, 0x10007, 8);
    b.put(f + stride, 1, 8);
    b.put(f + cmd, SUM64);
  }
  test::advance(1'000'000'000);
  for (unsigned n = 0; n < 3; ++n) {
    EXPECT_EQ(b.cpu.get(frame(n) + cmd), HALTED);
    EXPECT_EQ(b.cpu.get(frame(n) + udata1, 8), 101U + n) << "frame " << n;
  }
  EXPECT_EQ(b.events(), 0U);
}

TEST(TestEngineBehindSmmuv3, AFaultOfAFrameWithASubstreamIsRecordedWithIt) {
  Bench& b = bench();
  put_cds(b, 0);
  b.set_up(0x20000, 0x20007, 0);
  b.put(substreamid, 3);
  EXPECT_EQ(b.run(SUM64), ERROR);
  ASSERT_EQ(b.events(), 1U);
  const auto e = b.event(0);
  EXPECT_EQ(smmuv3::bits(e, 7, 0), 0x10U) << "F_TRANSLATION";
  EXPECT_EQ(smmuv3::bits(e, 11, 11), 1U) << "SSV";
  EXPECT_EQ(smmuv3::bits(e, 31, 12), 3U);
  b.put(substreamid, 4);
  EXPECT_EQ(b.run(SUM64), ERROR);
  ASSERT_EQ(b.events(), 2U);
  EXPECT_EQ(smmuv3::bits(b.event(1), 7, 0), 0x08U) << "C_BAD_SUBSTREAMID: there are four CDs";
  EXPECT_EQ(smmuv3::bits(b.event(1), 31, 12), 4U);
}

TEST(TestEngineBehindSmmuv3, AFrameWithoutASubstreamEndsAsS1dssSays) {
  Bench& b = bench();
  b.world.memory.write(0x8000'0000, 42);
  b.world.memory.write(0x10000, 43);
  put_cds(b, 2);
  b.set_up(0x10000, 0x10007, 0);
  EXPECT_EQ(b.run(SUM64), HALTED);
  EXPECT_EQ(b.cpu.get(udata1, 8), 42U) << "CD 0";
  bench();
  b.world.memory.write(0x10000, 43);
  put_cds(b, 1);
  b.set_up(0x10000, 0x10007, 0);
  EXPECT_EQ(b.run(SUM64), HALTED);
  EXPECT_EQ(b.cpu.get(udata1, 8), 43U) << "a bypass";
  bench();
  put_cds(b, 0);
  b.set_up(0x10000, 0x10007, 0);
  EXPECT_EQ(b.run(SUM64), ERROR);
  ASSERT_EQ(b.events(), 1U);
  EXPECT_EQ(smmuv3::bits(b.event(0), 7, 0), 0x06U) << "F_STREAM_DISABLED";
}

}  // namespace
}  // namespace smmuvp
