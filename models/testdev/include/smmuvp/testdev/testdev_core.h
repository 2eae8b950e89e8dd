// testdev without SystemC: the registers and the descriptor worker of docs/testdev.md.
#pragma once
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

struct TestdevConfig {
  std::uint32_t stream_base = 0;   ///< SID_BASE, StreamID of stream index 0
  std::uint32_t stream_count = 1;  ///< SID_COUNT
  bool pasid = true;               ///< SSV, PRIV and INST can be asked for; else such a descriptor is bad
  // ---- of a PCI function with ATS or PASID: docs/pcie.md, Jobs with PASID and ATS
  bool express = false;      ///< it is one
  unsigned pasid_bits = 20;  ///< Max PASID Width
  bool ats = false;
  bool pri = false;
  unsigned atc_entries = 0;
};

/// What the capabilities of a PCI function allow a job; of other devices it is what they have.
struct TestdevEnables {
  bool pasid = true;
  bool privileged = true;
  bool execute = true;
  bool ats = true;
};

/// What a PCI function is to do with the access that next() has given.
struct TestdevJob {
  enum class Type : std::uint8_t { Automatic, Untranslated, Translated };
  bool ring = false;  ///< a descriptor, or its status
  Type type = Type::Automatic;
  bool pages = false;            ///< PAGES
  std::uint64_t bytes_left = 0;  ///< of the data, this access included
};

/// PASID_STOP, which waits for stopped().
struct TestdevStop {
  std::uint32_t pasid = 0;
  bool marker = false;
};

/// Why a PCI function has not made an access.
enum class TestdevRefusal : std::uint8_t { TranslationError, NoRights, PageInvalid, PageFailure };

/// The owner asks next() for an access, makes it in its own time, and gives the answer to complete(). One
/// access is out at a time. The answer to one that a stop or a reset has overtaken is ignored. A restored
/// state waits for the answer that the saved one waited for; next() gives that access anew.
class TestdevCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x1000;
  static constexpr std::uint32_t burst_bytes = dma_burst_bytes;

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
  bool next(DmaOperation& access, DmaBuffer& data);
  /// `data` is what a read read.
  void complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data);

  // ---- what a PCI function does beside it
  void set_enables(const TestdevEnables& enables) { m_enables = enables; }
  /// Of the access that next() gives.
  TestdevJob job() const;
  /// The access was not made.
  void refuse(const DmaOperation& access, TestdevRefusal why, DmaResponse response);
  /// What next() has nothing to do for; none if there is no such job.
  std::optional<TestdevStop> stopping() const;
  void stopped(DmaResponse response);
  bool keeps_answers() const;            ///< ATS_CTRL.NO_FILL is 0
  bool completes_invalidations() const;  ///< ATS_CTRL.NO_COMPLETION is 0
  bool translates_ring() const;          ///< ATS_CTRL.RING
  std::uint32_t page_group() const;      ///< ATS_CTRL.GROUP
  std::uint32_t atc_limit() const;       ///< ATC_LIMIT
  /// FLUSH has been written since this was asked.
  bool take_flush();
  void set_ats_counts(std::size_t used, std::uint32_t outstanding);

  void reset();
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t descriptors, failed, bursts, read_bytes, written_bytes, ring_errors;
  };
  const Counters& counters() const { return m_counters; }

 private:
  enum class State : std::uint8_t { Idle, Fetch, Read, Write, WriteBack, WriteStatus, Translate, Stop };
  enum class Status : std::uint32_t {
    Pending,
    Ok,
    ReadError,
    WriteError,
    Mismatch,
    BadDescriptor,
    TranslationError,
    NoRights,
    PageInvalid,
    PageFailure,
  };
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
  void decode(const DmaBuffer& data);
  const char* wrong_with_descriptor() const;
  const char* wrong_with_flags() const;
  const char* not_enabled() const;
  void take_translation(const DmaTranslation& translation);
  void set_identity(DmaOperation& access) const;
  std::uint32_t burst() const;
  void next_burst();
  void take_read(const DmaBuffer& data);
  void finish(Status status, DmaResponse response);
  void finished();
  std::uint8_t pattern(std::uint64_t i) const;
  unsigned op() const { return m_descriptor.FLAGS & 0xff; }

  TestdevConfig m_config;
  TestdevEnables m_enables;  // the owner's, and set by it behind loading
  bool m_flush = false;
  Diag& m_diag;
  RegisterFile m_registers;

  State m_state = State::Idle;
  std::uint64_t m_epoch = 0;
  bool m_overrun = false;            // PROD ran ahead of CONS by more than the ring
  std::uint32_t m_overrun_left = 0;  // descriptors to work through before RING_ERROR
  std::uint64_t m_slot = 0;          // address of the descriptor that is being worked on
  Descriptor m_descriptor{};
  Status m_status = Status::Pending;
  DmaResponse m_response = DmaResponse::Ok;
  std::uint64_t m_done = 0;
  std::uint64_t m_result = 0;
  DmaBuffer m_copy{};  // COPY: what was read and is to be written
  Counters m_counters{};
};

}  // namespace smmuvp
