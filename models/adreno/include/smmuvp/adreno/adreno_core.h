// The command processor of docs/adreno.md without SystemC: registers, ring, indirect buffers, packets.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/adreno/packets.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

struct AdrenoConfig {
  std::uint32_t stream_id = 0;  ///< of all accesses to memory
  /// Physical address of the SMMU's registers, for CP_SMMU_TABLE_UPDATE; none: an opcode error.
  std::optional<std::uint64_t> smmu_registers = {};
  std::uint64_t clock_hz = 500'000'000;  ///< that hangs and polls are counted in; not 0
};

/// The owner asks next() for an access at a port, makes it in its own time, and gives the answer to
/// complete(). Of all accesses that belong to the present, one is out at a time; after a reset one of before
/// may be, too, and its port is not asked before it is answered. Time is told by advance() before any other
/// call.
class AdrenoCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x40000;
  enum class Port : std::uint8_t { Memory, Smmu };

  AdrenoCore(const AdrenoConfig& config, Diag& diag);

  // ---- time, in picoseconds
  /// Does what is due. @param now  never less than before
  void advance(std::uint64_t now);
  /// When there is something to do that no register write and no answer brings about; none: never.
  std::optional<std::uint64_t> next_event() const;

  // ---- software's side
  std::uint64_t read(std::uint32_t offset, unsigned bytes);
  void write(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  /// As of the last call of anything else.
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  bool irq() const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- the bus side
  /// @return false if there is nothing to do at this port: then see waiting(). `data` is what a write writes.
  bool next(Port port, DmaOperation& operation, DmaBuffer& data);
  /// Whether an access waits to be taken at a port.
  bool waiting(Port port) const { return m_state == State::Ready && m_port == port; }
  /// Whether an access of a port has been taken and not answered.
  bool out(Port port) const { return m_out[index(port)]; }
  /// `data` is what a read read.
  void complete(Port port, const DmaOperation& operation, DmaResponse response, const DmaBuffer& data);

  void reset();
  void visit(Archive& archive);

  /// Told of each packet that is finished: level (0 ring, 1 IB1, 2 IB2) and header.
  void set_packet_hook(std::function<void(unsigned, std::uint32_t)> hook) { m_packet_hook = std::move(hook); }

  struct Counters {
    std::uint64_t packets, table_updates, errors, memory_errors, hangs, read_bytes, written_bytes;
  };
  const Counters& counters() const { return m_counters; }

 private:
  static constexpr unsigned levels = 3;  // ring, IB1, IB2
  static constexpr std::uint32_t prefetch_words = 64;

  enum class State : std::uint8_t {
    Free,   // no access waits or is out
    Ready,  // m_operation waits to be taken
    Out,    // it has been taken
  };
  /// What an access is for.
  enum class Purpose : std::uint8_t { Fetch, Packet, Shadow };

  /// Where packets of one level come from.
  struct Source {
    std::uint64_t address = 0;  // of the packet at hand; the ring has CP_RB_RPTR instead
    std::uint32_t left = 0;     // words from there on; the ring has CP_RB_WPTR instead
    std::uint32_t ahead = 0;    // words of the packet at hand that have been taken
    std::uint32_t at = 0;       // first word in `words` that has not been taken
    std::uint32_t size = 0;     // words in `words`
    std::uint32_t header = 0;   // of the packet that led to the buffer below
    std::array<std::uint32_t, prefetch_words> words{};
  };

  static constexpr unsigned index(Port port) { return static_cast<unsigned>(port); }

  // adreno_core.cpp
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  static bool takes(std::uint32_t offset, unsigned bytes);
  std::uint32_t reg(std::uint16_t id) const { return static_cast<std::uint32_t>(m_registers.get(id)); }
  std::uint64_t reg64(std::uint16_t low) const;
  void set64(std::uint16_t low, std::uint64_t value);
  void raise(std::uint32_t interrupt, std::uint32_t why = 0);
  void stop(std::uint32_t why, const std::string& text);
  bool running() const;
  bool busy() const { return busy_until(reg_wptr()); }
  bool busy_until(std::uint64_t wptr) const;
  std::uint64_t reg_wptr() const;
  void work();
  void want(Purpose purpose, Port port, bool write, std::uint64_t address, std::uint32_t length);
  std::optional<std::uint64_t> hang_at() const;
  void progress();
  std::uint64_t cycles_ps(std::uint64_t cycles) const;
  std::uint64_t always_on() const;
  void publish();
  static std::uint64_t canonical(std::uint64_t address);

  // command_stream.cpp
  std::uint32_t ring_words() const;
  std::uint32_t ring_position(std::uint32_t ahead) const;
  std::uint64_t packet_address() const;
  bool ring_empty() const { return ring_ends_at(reg_wptr()); }
  bool ring_ends_at(std::uint64_t wptr) const;
  bool gather();
  bool take_header();
  bool fetch();
  void fetched(DmaResponse response, const DmaBuffer& data);
  void enter(std::uint64_t address, std::uint32_t words);
  void finish();
  void write_shadow();

  // packet_execution.cpp
  void execute();
  void mem_write();
  void memcpy_words();
  void mem_to_mem();
  void event_write();
  void wait_reg_mem();
  void access_memory(bool write, std::uint64_t address, std::uint64_t length);
  void poll_again();
  void answered(DmaResponse response, const DmaBuffer& data);
  void memory_error(DmaResponse response);
  std::uint64_t packet_bytes() const;
  std::uint64_t address_at(unsigned word) const;
  std::uint32_t word(unsigned i) const { return m_packet[i + 1]; }
  adreno::PacketHeader header() const { return adreno::parse_header(m_packet[0]); }

  // packet_registers.cpp
  void write_registers();
  void reg_to_mem();
  void mem_to_reg();
  bool allowed(std::uint32_t reg, bool read);
  bool read_from_packet(std::uint32_t reg, std::uint32_t& value);
  bool write_from_packet(std::uint32_t reg, std::uint32_t value);

  // table_update.cpp
  void table_update();

  // adreno_state.cpp
  bool possible() const;

  AdrenoConfig m_config;
  Diag& m_diag;
  RegisterFile m_registers;
  std::function<void(unsigned, std::uint32_t)> m_packet_hook;

  std::uint64_t m_now = 0;
  std::uint64_t m_reset_at = 0;     // the always-on counter counts from here
  std::uint64_t m_progress_at = 0;  // hangs are counted from here
  std::uint64_t m_taken_at = 0;     // when the access to memory that is out was taken
  std::uint64_t m_wake_at = 0;      // the next poll
  bool m_hang_told = false;
  bool m_stopped = false;
  std::uint32_t m_bad_header = 0;  // of the packet that CP_OPCODE_ERROR was for
  bool m_protected = false;
  std::uint64_t m_epoch = 0;

  State m_state = State::Free;
  Purpose m_purpose = Purpose::Fetch;
  Port m_port = Port::Memory;
  DmaOperation m_operation;
  DmaBuffer m_data{};  // what m_operation writes; else what the last one read
  std::array<bool, 2> m_out{};

  unsigned m_level = 0;
  std::array<Source, levels> m_sources;
  std::uint32_t m_moved = 0;  // words that CP_RB_RPTR has moved since it was written to memory
  bool m_shadow_due = false;

  std::vector<std::uint32_t> m_packet;  // what is there of the packet at hand, header first
  std::uint32_t m_needed = 0;           // words of it; 0: its header is not known
  std::uint32_t m_step = 0;
  std::uint64_t m_done = 0;  // bytes
  std::uint64_t m_sum = 0;   // of CP_MEM_TO_MEM; CP_SMMU_TABLE_UPDATE's bank
  std::uint32_t m_polls = 0;
  bool m_failed = false;  // the last access of the packet

  Counters m_counters{};
};

}  // namespace smmuvp
