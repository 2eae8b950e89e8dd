// The server's socket and its clients, in one thread: a client's packets are in the socket before the server
// looks at it.
#include "gdb_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "fake_cpu.h"
#include "gdb_packet.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {
namespace {

class Client {
 public:
  explicit Client(const std::string& path) : m_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(connect(m_fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  ~Client() { go(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void go() {
    if (m_fd >= 0) close(m_fd);
    m_fd = -1;
  }
  /// @return false if the socket has no room for all of it
  bool send(const std::string& bytes) {
    return ::send(m_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  std::string received() {
    std::string all;
    char part[4096];
    for (ssize_t n = 0; (n = recv(m_fd, part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<std::size_t>(n));
    return all;
  }
  /// The server has closed the connection.
  bool closed() {
    received();
    char byte = 0;
    return recv(m_fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
  }

 private:
  int m_fd;
};

class GdbServerTest : public ::testing::Test {
 protected:
  GdbServerTest() {
    char name[] = "/tmp/gdb-server-XXXXXX";
    folder = mkdtemp(name);
    path = folder + "/socket";
  }
  ~GdbServerTest() override {
    server.reset();
    unlink(path.c_str());
    rmdir(folder.c_str());
  }
  void listen() {
    GdbServer::Surroundings around{[] { return false; }, [] {},
                                   [this](const std::string& text) { said += text + "\n"; }};
    around.send_timeout_ms = 1;
    server = std::make_unique<GdbServer>(
        "unix:" + path, false, std::vector<std::pair<std::string, DebugControl*>>{{"cpu0", &cpu}}, around);
  }
  std::string refusal() {
    try {
      listen();
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  }
  /// The processor stops, and stands until a client has let it go or has gone.
  void stop() { server->stopped(cpu, DebugClient::Reason::Break); }
  bool file_is_there() const {
    struct stat status = {};
    return lstat(path.c_str(), &status) == 0;
  }

  std::string folder, path, said;
  FakeCpu cpu;
  std::unique_ptr<GdbServer> server;
};

std::string times(int n, const std::string& text) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

TEST_F(GdbServerTest, AnswersEachOfManyPacketsThatComeAtOnce) {
  listen();
  Client client(path);
  server->poll();
  EXPECT_EQ(cpu.breaks, 1) << "a debugger expects a target that stands still";
  cpu.registers["X0"] = 0x11;
  ASSERT_TRUE(client.send(times(40, gdb_frame("p0")) + gdb_frame("c")));
  stop();
  const std::string all = client.received();
  const std::string answer = gdb_frame("1100000000000000");
  std::size_t answers = 0;
  for (std::size_t at = 0; (at = all.find(answer, at)) != std::string::npos; ++at) ++answers;
  EXPECT_EQ(answers, 40u) << all;
  EXPECT_EQ(std::count(all.begin(), all.end(), '+'), 41);
}

TEST_F(GdbServerTest, ReadsNoMorePacketsThanItKeepsWhileTheGuestRuns) {
  listen();
  Client client(path);
  server->poll();
  std::size_t taken = 0;
  for (int round = 0; round < 2000; ++round) {
    while (client.send(times(585, gdb_frame("p0")))) taken += 585 * 6;
    server->poll();
    EXPECT_LE(client.received().size(), 16u);
    ASSERT_LT(taken, 4u << 20);
  }
  EXPECT_FALSE(client.closed());
  client.go();
  server->poll();
  EXPECT_NE(said.find("has gone"), std::string::npos) << "one that is not read from is seen to go";
}

TEST_F(GdbServerTest, BreaksTheGuestForAnInterruptBehindOtherPackets) {
  listen();
  Client client(path);
  server->poll();
  ASSERT_TRUE(client.send(gdb_frame("c") + gdb_frame("p0") + "\x03"));
  stop();
  EXPECT_EQ(cpu.breaks, 2);
  server->poll();
  ASSERT_TRUE(client.send("\x03"));
  server->poll();
  EXPECT_EQ(cpu.breaks, 3) << "while the guest runs";
}

TEST_F(GdbServerTest, BreaksTheGuestForAnInterruptThatCameBeforeTheGuestStood) {
  listen();
  Client client(path);
  ASSERT_TRUE(client.send(gdb_frame("c") + "\x03"));
  server->poll();
  const int before = cpu.breaks;
  stop();
  EXPECT_EQ(cpu.breaks, before + 1);
}

TEST_F(GdbServerTest, TurnsASecondClientAwayWhileThereIsOne) {
  listen();
  Client first(path);
  server->poll();
  {
    Client second(path);
    server->poll();
    EXPECT_TRUE(second.closed());
  }
  ASSERT_TRUE(first.send(gdb_frame("p0") + gdb_frame("c")));
  stop();
  EXPECT_NE(first.received().find(gdb_frame("0000000000000000")), std::string::npos);
  EXPECT_FALSE(first.closed());
  first.go();
  server->poll();
  Client third(path);
  server->poll();
  EXPECT_FALSE(third.closed()) << "the next one is welcome when the first has gone";
}

TEST_F(GdbServerTest, GivesUpAClientThatTakesNoAnswer) {
  listen();
  Client client(path);
  server->poll();
  ASSERT_TRUE(client.send(times(1000, gdb_frame("m40000000,2000"))));
  stop();
  EXPECT_NE(said.find("takes no more; the guest goes on"), std::string::npos) << said;
  EXPECT_TRUE(client.closed());
}

TEST_F(GdbServerTest, RemovesItsSocketFileAtTheEnd) {
  listen();
  EXPECT_TRUE(file_is_there());
  server.reset();
  EXPECT_FALSE(file_is_there());
}

TEST_F(GdbServerTest, ReplacesASocketFileThatAnEndedProgramHasLeft) {
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  ASSERT_TRUE(file_is_there());
  EXPECT_EQ(refusal(), "");
  Client client(path);
  server->poll();
  EXPECT_EQ(cpu.breaks, 1);
}

TEST_F(GdbServerTest, LeavesASocketOfAnotherProgramAndAnyOtherFileAlone) {
  listen();
  const auto other = std::move(server);
  EXPECT_NE(refusal().find("another program listens there"), std::string::npos);
  EXPECT_TRUE(file_is_there());
  unlink(path.c_str());
  std::ofstream(path) << "text";
  EXPECT_NE(refusal().find("no socket"), std::string::npos);
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "text");
}

}  // namespace
}  // namespace smmuvp::platform
