// The commands of the remote protocol, on processors that only remember.
#include <gtest/gtest.h>

#include <random>

#include "fake_cpu.h"
#include "gdb_packet.h"
#include "gdb_registers.h"
#include "gdb_stub.h"

namespace smmuvp::platform {
namespace {

class Gdb : public ::testing::Test {
 protected:
  std::string ask(const std::string& packet) {
    const GdbStub::Answer answer = stub.handle(packet);
    EXPECT_TRUE(answer.send) << packet;
    EXPECT_EQ(answer.action, GdbStub::Action::Stay) << packet;
    return answer.text;
  }
  FakeCpu cpu0, cpu1;
  GdbStub stub{{{"cpu0", &cpu0}, {"cpu1", &cpu1}}};
};

TEST_F(Gdb, IsToldWhatTheServerCanDo) {
  const std::string answer = ask("qSupported:multiprocess+;swbreak+");
  for (const char* feature : {"PacketSize=4000", "qXfer:features:read+", "vContSupported+"}) {
    EXPECT_NE(answer.find(feature), std::string::npos) << feature;
  }
  EXPECT_EQ(ask("vMustReplyEmpty"), "");
  EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S");
  EXPECT_EQ(ask("qAttached"), "1");
}

TEST_F(Gdb, ReadsTheTargetDescriptionInPieces) {
  std::string xml;
  for (;;) {
    const std::string part = ask("qXfer:features:read:target.xml:" + to_hex({}) + [&] {
      char text[32];
      std::snprintf(text, sizeof text, "%zx,100", xml.size());
      return std::string(text);
    }());
    ASSERT_FALSE(part.empty());
    xml += part.substr(1);
    if (part[0] == 'l') break;
    ASSERT_EQ(part[0], 'm');
  }
  EXPECT_EQ(xml, gdb_target_description());
  EXPECT_NE(xml.find("org.gnu.gdb.aarch64.core"), std::string::npos);
  EXPECT_EQ(ask("qXfer:features:read:target.xml:ffffffffffffffff,100"), "l");
  EXPECT_EQ(ask("qXfer:features:read:other.xml:0,100"), "E00");
  EXPECT_EQ(ask("qXfer:features:read:target.xml:0"), "E16");
}

TEST_F(Gdb, ReadsAndWritesRegistersInTheTargetsByteOrder) {
  cpu0.registers["X1"] = 0x1122334455667788;
  cpu0.registers["V0_LO"] = 1;
  cpu0.registers["V0_HI"] = 2;
  EXPECT_EQ(ask("p1"), "8877665544332211");
  EXPECT_EQ(ask("p21"), "c5030000");
  EXPECT_EQ(ask("p22"), "01000000000000000200000000000000");
  EXPECT_EQ(ask("P20=0010004000000000"), "OK");
  EXPECT_EQ(cpu0.registers["PC"], 0x40001000u);
  const std::string all = ask("g");
  EXPECT_EQ(all.size(), 2u * (33 * 8 + 4 + 32 * 16 + 8));
  EXPECT_EQ(all.substr(16, 16), "8877665544332211");
  EXPECT_EQ(ask("G" + all), "OK");
  EXPECT_EQ(ask("g"), all);
}

TEST_F(Gdb, IsRefusedValuesThatNoProcessorHereCanHave) {
  EXPECT_EQ(ask("P20=0210004000000000"), "E16") << "PC";
  EXPECT_EQ(ask("P21=cd030000"), "E16") << "EL3";
  EXPECT_EQ(ask("P21=d3010000"), "E16") << "AArch32";
  EXPECT_EQ(ask("P21=c4030000"), "OK") << "EL1t";
  for (const char* wrong : {"p44", "pffffffffffffffff", "p", "P1", "P1=", "P1=11", "P44=00", "G00", "Gzz"}) {
    EXPECT_EQ(ask(wrong), "E16") << wrong;
  }
}

TEST_F(Gdb, ReadsAndWritesMemory) {
  EXPECT_EQ(ask("M40000010,4:01020304"), "OK");
  EXPECT_EQ(ask("m40000010,4"), "01020304");
  EXPECT_EQ(ask(std::string("X40000020,2:\x00\xff", 14)), "OK");
  EXPECT_EQ(ask("m40000020,2"), "00ff");
  EXPECT_EQ(ask("m4000fffe,10"), "0000") << "what there is of it";
  EXPECT_EQ(ask("m0,4"), "E0e");
  EXPECT_EQ(ask("M0,1:00"), "E0e");
  EXPECT_EQ(ask("m40000000,ffffffffffffffff").size(), gdb_packet_size);
  for (const char* wrong :
       {"m", "m40000000", "m40000000,", "m,4", "M40000010,4:0102", "M40000010,4", "M40000010,1:zz"}) {
    EXPECT_EQ(ask(wrong), "E16") << wrong;
  }
}

TEST_F(Gdb, SetsABreakpointOnEveryProcessorUntilItsLastOwnerIsGone) {
  EXPECT_EQ(ask("Z0,40001000,4"), "OK");
  EXPECT_EQ(ask("Z1,40001000,4"), "OK");
  EXPECT_EQ(cpu1.breakpoints.count(0x40001000), 1u);
  EXPECT_EQ(ask("z0,40001000,4"), "OK");
  EXPECT_EQ(cpu0.breakpoints.count(0x40001000), 1u);
  EXPECT_EQ(ask("z1,40001000,4"), "OK");
  EXPECT_TRUE(cpu0.breakpoints.empty() && cpu1.breakpoints.empty());
  EXPECT_EQ(ask("Z2,40001000,4"), "") << "watchpoints are not offered";
  EXPECT_EQ(ask("Z0,40001002,4"), "E0e");
  EXPECT_EQ(ask("Z0,40001000"), "E16");
}

TEST_F(Gdb, ThatHasGoneLeavesNoBreakpoint) {
  ask("Z0,40001000,4");
  ask("Z1,40002000,4");
  stub.release();
  EXPECT_TRUE(cpu0.breakpoints.empty() && cpu1.breakpoints.empty());
}

TEST_F(Gdb, HasAtMostAThousandBreakpoints) {
  std::string last;
  for (unsigned i = 0; i < 2000; ++i) {
    char packet[32];
    std::snprintf(packet, sizeof packet, "Z0,%x,4", 0x40000000 + 4 * i);
    last = ask(packet);
  }
  EXPECT_EQ(last, "E16");
  EXPECT_EQ(cpu0.breakpoints.size(), 1024u);
}

TEST_F(Gdb, SeesProcessorsAsThreads) {
  EXPECT_EQ(ask("qfThreadInfo"), "m1,2");
  EXPECT_EQ(ask("qsThreadInfo"), "l");
  EXPECT_EQ(ask("qThreadExtraInfo,2"), to_hex("cpu1"));
  EXPECT_EQ(ask("T2"), "OK");
  EXPECT_EQ(ask("T3"), "E03");
  EXPECT_EQ(ask("Hg3"), "E03");
  cpu1.registers["X0"] = 0xab;
  EXPECT_EQ(ask("Hg2"), "OK");
  EXPECT_EQ(ask("p0"), "ab00000000000000");
  stub.stopped(cpu1, DebugClient::Reason::Breakpoint);
  EXPECT_EQ(stub.stop_reply(), "T05thread:2;");
  EXPECT_EQ(ask("qC"), "QC2");
  stub.stopped(cpu0, DebugClient::Reason::Break);
  EXPECT_EQ(ask("?"), "T02thread:1;");
}

TEST_F(Gdb, ContinuesAndStepsTheProcessorThatStopped) {
  for (const char* go : {"c", "vCont;c", "vCont;c:-1", "C05", "vCont;s:1;c", "s", "S05"}) {
    EXPECT_EQ(stub.handle(go).action, GdbStub::Action::Resume) << go;
  }
  EXPECT_EQ(cpu0.steps, 3);
  EXPECT_EQ(stub.handle("c40002000").action, GdbStub::Action::Resume);
  EXPECT_EQ(cpu0.registers["PC"], 0x40002000u);
  for (const char* wrong : {"vCont;", "vCont;t", "vCont;;", "vCont;s:2", "vCont;C", "vCont;Sx:1", "vCont;c5",
                            "cxyz", "c40000001", "C", "S", "C;40002000", "S5", "Cxx", "C005"}) {
    EXPECT_EQ(ask(wrong), "E16") << wrong;
  }
  EXPECT_EQ(ask("vCont;c:9"), "E03");
}

TEST_F(Gdb, DetachesAndKills) {
  EXPECT_EQ(stub.handle("D").action, GdbStub::Action::Detach);
  EXPECT_EQ(stub.handle("k").action, GdbStub::Action::Kill);
  EXPECT_EQ(stub.handle("vKill;1").text, "OK");
}

TEST_F(Gdb, HasAMonitorThatHelps) {
  const auto text = from_hex(ask("qRcmd," + to_hex("help")));
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("cpus"), std::string::npos);
  EXPECT_EQ(ask("qRcmd,zz"), "E16");
  EXPECT_FALSE(ask("qRcmd," + to_hex("nonsense")).empty());
}

TEST_F(Gdb, AnswersAnyPacketWithinThePacketSize) {
  std::mt19937 random(1);
  const std::string letters("?gGpPmMXZzHTcsCSDkvqQ0123456789abcdef,;:=-#", 43);
  const std::vector<std::string> starts = {"",
                                           "m",
                                           "M",
                                           "X",
                                           "Z0,",
                                           "z1,",
                                           "P",
                                           "p",
                                           "vCont;",
                                           "qRcmd,",
                                           "qXfer:features:read:target.xml:",
                                           "H",
                                           "qThreadExtraInfo,"};
  for (int i = 0; i < 20000; ++i) {
    std::string packet = starts[random() % starts.size()];
    for (auto n = random() % 24; n > 0; --n) {
      packet.push_back(random() % 8 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()]);
    }
    EXPECT_LE(stub.handle(packet).text.size(), gdb_packet_size);
  }
}

}  // namespace
}  // namespace smmuvp::platform
