// testdev without SystemC: the registers and the descriptor worker of docs/testdev.md.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

struct TestdevConfig {
  std::uint32_t stream_base = 0;   ///< SID_BASE, StreamID of stream index 0
  std::uint32_t stream_count = 1;  ///< SID_COUNT
};

/// What an access met, numbered as RESPONSE of a descriptor has it.
enum class TestdevResponse : std::uint32_t { Ok, Address, Command, Burst, ByteEnable, Generic };

/// One access that the device wants made.
struct TestdevAccess {
  bool write = false;
  std::uint64_t address = 0;
  std::uint32_t length = 0;  ///< 1 to 4096
  std::uint32_t stream_id = 0;
  bool substream_valid = false;
  std::uint32_t substream_id = 0;
  bool privileged = false;
  bool instruction = false;
  std::uint64_t epoch = 0;  ///< given back to complete()
};

/// The owner asks next() for an access, makes it in its own time, and gives the answer to complete(). One
/// access is out at a time. An access that a stop, a reset or a restored state has overtaken is ignored.
class TestdevCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x1000;
  static constexpr std::uint32_t burst_bytes = 4096;
  using Buffer = std::array<std::uint8_t, burst_bytes>;

  /// @throws ConfigError if the StreamIDs leave 32 bits or there are none.
  TestdevCore(const TestdevConfig& config, Diag& diag);

  // ---- software's side
  std::uint64_t read(std::uint32_t offset, unsigned bytes);
  void write(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  bool irq() const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- the bus side
  /// @return false if there is nothing to do until a register is written. `data` is what a write writes.
  bool next(TestdevAccess& access, Buffer& data);
  /// `data` is what a read read.
  void complete(std::uint64_t epoch, TestdevResponse response, const Buffer& data);

  void reset();
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t descriptors, failed, bursts, read_bytes, written_bytes, ring_errors;
  };
  const Counters& counters() const { return m_counters; }

 private:
  enum class State : std::uint8_t { Idle, Fetch, Read, Write, WriteBack, WriteStatus };
  enum class Status : std::uint32_t { Pending, Ok, ReadError, WriteError, Mismatch, BadDescriptor };
  struct Descriptor {
    std::uint32_t FLAGS, STREAM, SUBSTREAM, SEED;
    std::uint64_t SRC, DST, LENGTH;
  };

  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override;
  static bool takes(std::uint32_t offset, unsigned bytes);

  bool start_work();
  void stop();
  void doorbell();
  void ring_error(const char* why, std::optional<std::uint64_t> address = {});
  void decode(const Buffer& data);
  const char* wrong_with_descriptor() const;
  std::uint32_t burst() const;
  void next_burst();
  void take_read(const Buffer& data);
  void finish(Status status, TestdevResponse response);
  void finished();
  std::uint8_t pattern(std::uint64_t i) const;
  unsigned op() const { return m_descriptor.FLAGS & 0xff; }

  TestdevConfig m_config;
  Diag& m_diag;
  RegisterFile m_registers;

  State m_state = State::Idle;
  std::uint64_t m_epoch = 0;
  bool m_overrun = false;            // PROD ran ahead of CONS by more than the ring
  std::uint32_t m_overrun_left = 0;  // descriptors to work through before RING_ERROR
  std::uint64_t m_slot = 0;          // address of the descriptor that is being worked on
  Descriptor m_descriptor{};
  Status m_status = Status::Pending;
  TestdevResponse m_response = TestdevResponse::Ok;
  std::uint64_t m_done = 0;
  std::uint64_t m_result = 0;
  Buffer m_copy{};  // COPY: what was read and is to be written
  Counters m_counters{};
};

}  // namespace smmuvp
