// Arm's SMMUv3TestEngine without SystemC: frames of registers, each of which moves memory by itself.
// docs/smmuv3testengine.md is its data sheet.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3testengine/attributes.h"
#include "smmuvp/smmuv3testengine/range.h"

namespace smmuvp {

struct Smmuv3TestEngineConfig {
  std::uint32_t pairs = 1;         ///< of a user page and a privileged page
  std::uint32_t ports = 1;         ///< downstream ports
  std::uint32_t stream_base = 0;   ///< first StreamID that a frame may use
  std::uint32_t stream_count = 0;  ///< how many; 0: all of them
  bool non_secure = true;          ///< pctrl.SSD_NS after a reset
};

/// The message at the end of a command.
struct TestEngineMessage {
  DmaOperation write;
  std::uint32_t data = 0;
  std::uint32_t port = 0;  ///< downstream
};

/// The owner asks next() for an access on behalf of one downstream port, makes it in its own time, and gives
/// the answer to complete(). A frame has one access out at a time; several frames have several. The answer to
/// one that a reset has overtaken is ignored.
class Smmuv3TestEngineCore {
 public:
  static constexpr std::uint32_t page_bytes = 0x10000;
  static constexpr std::uint32_t pair_bytes = 2 * page_bytes;
  static constexpr std::uint32_t frame_bytes = 0x80;
  static constexpr std::uint32_t frames_per_pair = page_bytes / frame_bytes;
  static constexpr std::uint32_t max_pairs = 8;
  static constexpr std::uint32_t max_ports = 64;

  /// What `cmd` is written and read as.
  enum Command : std::uint32_t {
    NO_FRAME = 0,
    HALTED = 1,
    MEMCPY = 2,
    RAND48 = 3,
    SUM64 = 4,
    FRAME_MISCONFIGURED = 0xffff'fffe,
    ERROR = 0xffff'ffff,
  };

  /// @throws ConfigError for numbers out of range.
  Smmuv3TestEngineCore(const Smmuv3TestEngineConfig& config, Diag& diag);

  // ---- software's side
  std::uint64_t read(std::uint32_t offset, unsigned bytes, AccessSecurity security);
  void write(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t value);
  std::uint64_t peek(std::uint32_t offset, unsigned bytes, AccessSecurity security) const;
  const RegisterFile& registers() const { return m_registers; }
  /// Bytes of the register window.
  std::uint32_t window() const { return m_config.pairs * pair_bytes; }
  std::uint32_t frames() const { return m_config.pairs * frames_per_pair; }
  /// The frame whose `cmd` an offset is; none for any other offset.
  std::optional<std::uint32_t> frame_of_cmd(std::uint32_t offset) const;
  /// What `cmd` of a frame reads as to who may see it.
  std::uint32_t cmd(std::uint32_t frame) const;

  // ---- the bus side
  /// @return false if no frame has anything to do at this port. `data` is what a write writes.
  bool next(std::uint32_t port, DmaOperation& access, DmaBuffer& data);
  /// Whether next() of this port has something.
  bool has_work(std::uint32_t port) const { return !m_ready[port].empty(); }
  /// `data` is what a read read.
  void complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data);
  /// The frame that an access of next() belongs to.
  std::uint32_t frame_of(const DmaOperation& access) const {
    return static_cast<std::uint32_t>(access.epoch % frames());
  }

  void reset();
  /// All state but which accesses are out: after loading, next() gives those of the saved state anew, but for
  /// the ones that resume() claims.
  void visit(Archive& archive);
  /// After loading: the owner still has this access under way. @return false if it is another one than the
  /// frame's
  bool resume(const DmaOperation& access);

  struct Counters {
    std::uint64_t commands, failed, misconfigured, accesses, read_bytes, written_bytes, msis, msis_aborted;
  };
  const Counters& counters() const { return m_counters; }

 private:
  /// A frame that has something to do.
  struct Work {
    std::uint32_t command = HALTED;  // MEMCPY, RAND48 or SUM64; HALTED if only the MSI is left
    TestEngineRange range;
    std::optional<TestEnginePiece> piece;  // being worked on
    std::vector<std::uint8_t> copied;      // MEMCPY: the piece as it was read; to be written
    std::optional<TestEngineMessage> msi;  // goes before anything of a command that came after it
    std::uint64_t number = 0;              // of the access that is awaited; 0: none has been made
  };

  // ---- registers
  struct Place {
    std::uint32_t frame;
    std::uint32_t offset;  // in the frame
    bool privileged;       // the page
  };
  Place place(std::uint32_t offset) const;
  std::uint64_t get(unsigned field, std::uint32_t frame) const;
  std::uint32_t get32(unsigned field, std::uint32_t frame) const {
    return static_cast<std::uint32_t>(get(field, frame));
  }
  void set(unsigned field, std::uint32_t frame, std::uint64_t value);
  void count(unsigned field, std::uint32_t frame, std::uint32_t n);
  bool hidden(std::uint32_t frame, AccessSecurity security) const;
  bool running(std::uint32_t frame) const;

  // ---- commands
  void command(std::uint32_t frame, std::uint32_t value);
  const char* wrong_with(std::uint32_t frame, std::uint32_t command) const;
  const char* wrong_with_source(std::uint32_t frame) const;
  TestEngineRange range_of(std::uint32_t frame) const;
  std::uint64_t destination(std::uint32_t frame) const;
  TestEngineAttributes attributes(std::uint32_t frame, bool write) const;
  void put_source(std::uint32_t frame, DmaOperation& access) const;
  std::uint32_t port_of(std::uint32_t frame, const Work& work) const;

  // ---- work
  void open(std::uint32_t frame, Work& work);
  DmaOperation operation(std::uint32_t frame, const Work& work) const;
  void fill(std::uint32_t frame, const Work& work, DmaBuffer& data) const;
  void answer_msi(std::uint32_t frame, Work& work, DmaResponse response);
  void answer_piece(std::uint32_t frame, Work& work, const DmaOperation& access, DmaResponse response,
                    const DmaBuffer& data);
  void finish(std::uint32_t frame, Work& work, std::uint32_t state);
  void go_on(std::uint32_t frame);
  void visit_work(Archive& archive, std::uint32_t frame, Work& work);

  Smmuv3TestEngineConfig m_config;
  Diag& m_diag;
  RegisterObserver m_no_observer;  // nothing happens but in write()
  RegisterFile m_registers;
  std::map<std::uint32_t, Work> m_work;          // by frame
  std::vector<std::set<std::uint32_t>> m_ready;  // by port: frames of m_work with no access out
  std::vector<std::uint32_t> m_turn;             // by port: the frame that is first asked
  std::uint64_t m_number = 0;                    // accesses made so far
  Counters m_counters{};
};

}  // namespace smmuvp
